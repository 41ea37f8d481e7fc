// What every page does, phone included: menus, toasts, focus, copy. Pages work without it.

/** A word of the page's language, sent by the server in <body data-words>. */
export function word(name: string): string {
  const words = JSON.parse(document.body.dataset["words"] ?? "{}") as Record<string, string>;
  return words[name] ?? name;
}

/** Say a sentence once in the polite live region. */
export function announce(text: string): void {
  const region = document.getElementById("live");
  if (region === null) return;
  region.textContent = "";
  window.setTimeout(() => (region.textContent = text), 50);
}

export function toast(text: string, bad = false): void {
  const box = document.getElementById("toasts");
  if (box === null) return;
  const row = document.createElement("div");
  row.className = bad ? "m-toast m-toast-error" : "m-toast";
  row.setAttribute("role", "status");
  const said = document.createElement("span");
  said.textContent = text;
  row.append(said);
  box.append(row);
  window.setTimeout(() => row.remove(), 8000);
}

function closeMenus(except: Node | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
    if (except === null || !menu.contains(except)) menu.open = false;
  }
}

export function startBase(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    closeMenus(target);
    target.closest("[data-dismiss]")?.parentElement?.remove();
    const copy = target.closest<HTMLElement>("[data-copy]");
    if (copy !== null) {
      void navigator.clipboard.writeText(copy.dataset["copy"] ?? "").then(() => announce(word("copied")));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
  for (const row of document.querySelectorAll(".m-toast-success, .m-toast-info")) window.setTimeout(() => row.remove(), 10000);
}
