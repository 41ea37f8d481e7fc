// Single keys on lists: j k move, x select, Enter open, / filter. Off in fields, in IME composition and by a switch.

function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const field = target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
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

/** Buttons and links may carry data-key: that key presses them. */
function press(key: string): boolean {
  const found = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (found === null) return false;
  if (found instanceof HTMLDetailsElement) found.open = true;
  (found.querySelector<HTMLElement>("summary, select, input, textarea") ?? found).focus();
  if (found instanceof HTMLButtonElement || found instanceof HTMLAnchorElement) found.click();
  return true;
}

export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (typing(event) || event.key === "Enter") return;
    const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
    if ((rows.length > 0 && act(event, rows)) || press(event.key)) event.preventDefault();
  });
}
