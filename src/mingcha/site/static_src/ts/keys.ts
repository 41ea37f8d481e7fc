// Single keys on lists: j k move, x select, Enter open, / filter; digits choose in an opened form. Off in fields, in IME composition and by a switch.

function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const field = target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;
  return field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem("keys") === "off";
}

function move(rows: HTMLElement[], by: number): void {
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.querySelector<HTMLElement>("a")?.focus();
}

function act(event: KeyboardEvent, rows: HTMLElement[]): boolean {
  const current = rows.find((row) => row.contains(document.activeElement));
  switch (event.key) {
    case "j": move(rows, 1); return true;
    case "k": move(rows, -1); return true;
    case "x": current?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click(); return current !== undefined;
    case "/": document.querySelector<HTMLElement>(".m-filters input, .m-search input")?.focus(); return true;
    default: return false;
  }
}

/** In the opened form, digit n chooses the n-th reason; Enter then sends it. */
function choose(key: string): boolean {
  const digit = Number(key);
  if (!(digit >= 1 && digit <= 9)) return false;
  const choices = document.querySelectorAll<HTMLInputElement>("details[data-key][open] input[type=radio]");
  const found = choices[digit - 1];
  found?.focus();
  found?.click();
  return found !== undefined;
}

/** Buttons and links may carry data-key: that key presses them, or opens their form at its first field. */
function press(key: string): boolean {
  const found = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (found === null) return false;
  if (found instanceof HTMLDetailsElement) found.open = true;
  const field = found.querySelector<HTMLElement>("select, textarea, input:not([type=hidden])");
  (field ?? found.querySelector<HTMLElement>("button") ?? found.querySelector<HTMLElement>("summary") ?? found).focus();
  if (found instanceof HTMLButtonElement || found instanceof HTMLAnchorElement) found.click();
  return true;
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (typing(event) || event.key === "Enter") return;
    const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
    if ((rows.length > 0 && act(event, rows)) || choose(event.key) || press(event.key)) event.preventDefault();
  });
}
