// Photos of a form with data-photos are made smaller before they are sent: 1600 px, JPEG, about 300 kB (ui.md §3.11).
// A browser that cannot do it sends the camera's own file.

const LONGEST_PX = 1600;
const MOST_BYTES = 300 * 1024;
const QUALITIES = [0.85, 0.75, 0.6, 0.5];

async function blobOf(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}

async function smaller(file: File): Promise<File> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  let best: Blob | null = null;
  for (const quality of QUALITIES) {
    best = await blobOf(canvas, quality);
    if (best !== null && best.size <= MOST_BYTES) break;
  }
  if (best === null || best.size >= file.size) return file;
  return new File([best], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
}

async function shrink(field: HTMLInputElement): Promise<void> {
  const files = Array.from(field.files ?? []).filter((file) => file.type.startsWith("image/"));
  if (files.length === 0 || typeof createImageBitmap !== "function" || typeof DataTransfer !== "function") return;
  try {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(await smaller(file));
    field.files = carrier.files;
  } catch {
    // An unreadable picture goes as it is; the server says what is wrong with it.
  }
}

export function startPhotos(): void {
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field instanceof HTMLInputElement && field.type === "file" && field.closest("form[data-photos]") !== null) void shrink(field);
  });
}
