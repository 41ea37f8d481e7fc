// Fetches again when the page's live stream says there are new readings; at most every five seconds, never unseen.
const EVERY_MS = 5000;

export function startRefresh(figure: HTMLElement, load: () => Promise<void>): void {
  if (figure.closest("[data-live]") === null) return;
  let last = Date.now();
  document.body.addEventListener("live:readings", () => {
    if (document.hidden || Date.now() - last < EVERY_MS) return;
    last = Date.now();
    void load();
  });
}
