// The line on top of every phone page: whether the device is connected, and how many pages hold unsaved input.
// It says what is so: this version keeps nothing offline.

let unsent = 0;

function show(): void {
  const line = document.querySelector<HTMLElement>("[data-link-state]");
  if (line === null) return;
  const up = navigator.onLine;
  const word = line.querySelector<HTMLElement>("[data-link-word]");
  const count = line.querySelector<HTMLElement>("[data-unsent-count]");
  if (word !== null) word.textContent = (up ? line.dataset["online"] : line.dataset["offline"]) ?? "";
  if (count !== null) count.textContent = String(unsent);
  line.classList.toggle("m-link-off", !up);
  line.classList.toggle("m-link-unsent", unsent > 0);
}

/** Tell how many pages hold input the server does not have yet (0 or 1: this one). */
export function setUnsent(count: number): void {
  unsent = count;
  show();
}

export function startConnection(): void {
  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}
