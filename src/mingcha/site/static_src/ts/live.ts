// Live updates by server-sent events; polling where the stream fails. Regions fetch themselves by htmx.
import htmx from "htmx.org";

const POLL_MS = 15000;
const GIVE_UP = 3; // failures of the stream before polling

interface News {
  readings: number;
  findings: number;
}

function mark(live: boolean): void {
  for (const dot of document.querySelectorAll(".m-live-dot")) dot.classList.toggle("m-off", !live);
}

/** Rows that would move the reader's place wait behind a button; counts and values change in place. */
function tell(news: News): void {
  if (news.readings > 0) htmx.trigger(document.body, "live:readings");
  if (news.findings > 0) {
    for (const button of document.querySelectorAll<HTMLButtonElement>(".m-new")) {
      const waiting = Number(button.dataset["waiting"] ?? "0") + news.findings;
      button.dataset["waiting"] = String(waiting);
      button.textContent = (button.dataset["text"] ?? "{n}").replace("{n}", String(waiting));
      button.classList.add("m-waiting");
    }
  }
}

/** Without a stream: look again now and then. */
function poll(): void {
  window.setInterval(() => {
    if (!document.hidden) htmx.trigger(document.body, "live:readings");
  }, POLL_MS);
}

export function startLive(): void {
  const region = document.querySelector<HTMLElement>("[data-live]");
  const address = region?.dataset["live"];
  if (address === undefined) return;
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>(".m-new");
    if (button === null) return;
    if (button.dataset["reload"] !== undefined) {
      location.reload();
      return;
    }
    button.classList.remove("m-waiting");
    button.dataset["waiting"] = "0";
    htmx.trigger(document.body, "live:findings");
  });
  if (!("EventSource" in window)) {
    poll();
    return;
  }
  let failures = 0;
  const source = new EventSource(address);
  source.addEventListener("news", (event) => {
    failures = 0;
    mark(true);
    tell(JSON.parse((event as MessageEvent<string>).data) as News);
  });
  source.addEventListener("open", () => mark(true));
  source.addEventListener("error", () => {
    mark(false);
    failures += 1;
    if (failures >= GIVE_UP) {
      source.close();
      poll();
    }
  });
  window.addEventListener("pagehide", () => source.close());
}
