// Every page but the phone's: htmx, menus, drawer, keys, live regions.
import htmx from "htmx.org";
import { announce, startBase, toast, word } from "./base";
import { startDrawer } from "./drawer";
import { startKeys } from "./keys";
import { startLive } from "./live";

declare global {
  interface Window { htmx: typeof htmx }
}
window.htmx = htmx;

let waiting = 0;
let timer = 0;

function busy(by: number): void {
  waiting = Math.max(0, waiting + by);
  window.clearTimeout(timer);
  const bar = document.getElementById("progress");
  if (waiting > 0) timer = window.setTimeout(() => bar?.classList.add("m-busy"), 300);
  else bar?.classList.remove("m-busy");
}

function startHtmx(): void {
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    busy(1);
    (event as CustomEvent<{ target: HTMLElement }>).detail.target.setAttribute("aria-busy", "true");
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    busy(-1);
    (event as CustomEvent<{ target: HTMLElement }>).detail.target.removeAttribute("aria-busy");
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const said = (event as CustomEvent<{ target: HTMLElement }>).detail.target.dataset["announce"];
    if (said !== undefined) announce(said);
  });
  document.body.addEventListener("htmx:responseError", () => toast(word("failed"), true));
  document.body.addEventListener("htmx:sendError", () => toast(word("offline"), true));
}

function startSelection(): void {
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (box.dataset["selectAll"] !== undefined) {
      for (const one of document.querySelectorAll<HTMLInputElement>(`input[name="${box.dataset["selectAll"]}"]`)) one.checked = box.checked;
    }
    for (const one of document.querySelectorAll<HTMLInputElement>("[data-row] input[type=checkbox]")) {
      one.closest("[data-row]")?.setAttribute("aria-selected", String(one.checked));
    }
    if (box.dataset["submit"] !== undefined) box.form?.requestSubmit();
  });
}

startBase();
startHtmx();
startDrawer();
startSelection();
startKeys();
startLive();
