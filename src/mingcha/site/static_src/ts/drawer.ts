// The evidence drawer: links with data-drawer open beside the page; without script they open as a page.
import htmx from "htmx.org";

// The drawer of another outlet than the page's: only such an address is opened out of the page's own.
const OTHERS = /^\/[a-z]+\/outlets\/[^/?#]+\/[^/?#]+\/evidence\/\?/;

let opener: HTMLElement | null = null;

function element(): HTMLElement {
  return document.getElementById("drawer") as HTMLElement;
}

export function openDrawer(address: string, from: HTMLElement | null = null): void {
  opener = from ?? (document.activeElement as HTMLElement | null);
  void htmx.ajax("get", address, { target: "#drawer", swap: "innerHTML" });
  const here = new URL(location.href);
  const opened = new URL(address, location.href);
  const plain = opened.pathname === document.querySelector<HTMLElement>("[data-evidence]")?.dataset["evidence"];
  here.searchParams.set("evidence", plain ? opened.search.slice(1) : opened.pathname + opened.search);
  history.replaceState(history.state, "", here);
}

export function closeDrawer(): void {
  const drawer = element();
  if (drawer.hidden) return;
  drawer.hidden = true;
  drawer.innerHTML = "";
  const here = new URL(location.href);
  here.searchParams.delete("evidence");
  history.replaceState(history.state, "", here);
  opener?.focus();
}

export function startDrawer(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-close-drawer]") !== null) {
      event.preventDefault();
      closeDrawer();
      return;
    }
    const link = target.closest<HTMLAnchorElement>("a[data-drawer]");
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openDrawer(link.href, link);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDrawer();
  });
  document.addEventListener("evidence", (event) => openDrawer((event as CustomEvent<string>).detail));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const target = (event as CustomEvent<{ target: HTMLElement }>).detail.target;
    if (target.id !== "drawer") return;
    target.hidden = false;
    (target.querySelector<HTMLElement>("h2") ?? target).focus();
  });
  const kept = new URL(location.href).searchParams.get("evidence");
  const base = document.querySelector<HTMLElement>("[data-evidence]")?.dataset["evidence"];
  if (kept === null) return;
  if (OTHERS.test(kept)) openDrawer(kept);
  else if (base !== undefined) openDrawer(`${base}?${kept}`);
}
