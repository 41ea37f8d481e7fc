// A form with data-autosave is saved a moment after each change; what the server says stands beside the fields.
// Without this script the buttons save, with the same answers.
import { setUnsent } from "./connection";

interface Judgement {
  field: string;
  result: string;
  text: string;
  value: string | null;
  unit: string;
}

interface Answer {
  saved?: string;
  problems: Record<string, string>;
  judgements?: Judgement[];
}

const PAUSE_MS = 800;
const RETRY_MS = 15000;

class Autosave {
  private timer = 0;
  private running = false;
  private again = false;

  constructor(private readonly form: HTMLFormElement) {
    form.addEventListener("input", (event) => this.changed(event));
    form.addEventListener("change", (event) => this.changed(event));
    form.addEventListener("submit", () => window.clearTimeout(this.timer));
    window.addEventListener("online", () => {
      if (this.again) this.plan(0);
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.again) event.preventDefault();
    });
  }

  private changed(event: Event): void {
    // Files go with the buttons: they are large, and a half-chosen one is nothing to keep.
    if (event.target instanceof HTMLInputElement && event.target.type === "file") return;
    setUnsent(1);
    this.again = true;
    this.plan(PAUSE_MS);
  }

  private plan(pause: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), pause);
  }

  private async save(): Promise<void> {
    if (this.running) return this.plan(PAUSE_MS);
    this.running = true;
    this.again = false;
    this.say("saving");
    try {
      const response = await fetch(this.form.action, { method: "POST", body: this.body(), headers: { "X-Autosave": "1" } });
      if (response.status !== 200 && response.status !== 422) throw new Error(String(response.status));
      this.show((await response.json()) as Answer);
    } catch {
      this.again = true;
      this.say("unsaved");
      this.plan(RETRY_MS);
    } finally {
      this.running = false;
    }
  }

  private body(): FormData {
    const data = new FormData(this.form);
    for (const field of this.form.querySelectorAll<HTMLInputElement>("input[type=file]")) data.delete(field.name);
    for (const kept of this.form.querySelectorAll<HTMLInputElement>("input[type=hidden][data-kept]")) data.append(kept.name, kept.value);
    return data;
  }

  private show(answer: Answer): void {
    const bad = Object.keys(answer.problems).length > 0;
    for (const cell of this.form.querySelectorAll<HTMLElement>("[data-cell]")) this.mark(cell, answer);
    if (bad) {
      this.say("bad");
      return;
    }
    if (!this.again) setUnsent(0);
    this.say("saved", answer.saved);
  }

  private mark(cell: HTMLElement, answer: Answer): void {
    const name = cell.dataset["cell"] ?? "";
    const problem = answer.problems[name];
    cell.querySelector(":scope > .m-error-live")?.remove();
    if (problem === undefined) cell.querySelector(":scope > .m-error")?.remove();
    else if (cell.querySelector(":scope > .m-error") === null) cell.append(line("m-error m-error-live", problem));
    for (const control of cell.querySelectorAll(":scope > .form-control, :scope > .form-select, :scope > .input-group > .form-control")) {
      control.classList.toggle("is-invalid", problem !== undefined);
      if (problem === undefined) control.removeAttribute("aria-invalid");
      else control.setAttribute("aria-invalid", "true");
    }
    if (answer.judgements !== undefined) this.judge(cell, answer.judgements.filter((one) => one.field === name));
  }

  private judge(cell: HTMLElement, judgements: Judgement[]): void {
    const said = cell.querySelector<HTMLElement>(":scope > [data-said]");
    const output = cell.querySelector("output");
    const computed = judgements.find((one) => one.value !== null);
    if (output !== null && computed !== undefined) output.textContent = `${computed.value ?? ""}\u00a0${computed.unit}`.trim();
    said?.replaceChildren(...judgements.filter((one) => one.result !== "computed").map((one) => line(`m-said-${one.result}`, one.text)));
  }

  private say(what: string, time = ""): void {
    const place = this.form.querySelector<HTMLElement>("[data-save-state]");
    if (place !== null) place.textContent = (this.form.dataset[what] ?? "").replace("{t}", time);
  }
}

function line(name: string, text: string): HTMLElement {
  const row = document.createElement("p");
  row.className = name;
  row.textContent = text;
  return row;
}

export function startAutosave(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-autosave]")) new Autosave(form);
}
