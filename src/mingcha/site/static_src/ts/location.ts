// A form with data-location fills latitude, longitude, accuracy and the device's time; without them the form still goes.

function fill(form: HTMLFormElement, name: string, value: number): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = String(value);
}

function show(form: HTMLFormElement, text: string): void {
  const said = form.querySelector<HTMLElement>("[data-location-status]");
  if (said !== null) said.textContent = text;
}

const EARTH_M = 6371008.8; // mean radius, as the server counts

function metres(here: GeolocationCoordinates, latitude: number, longitude: number): number {
  const radians = Math.PI / 180;
  const north = Math.sin(((latitude - here.latitude) * radians) / 2) ** 2;
  const east = Math.sin(((longitude - here.longitude) * radians) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(north + Math.cos(here.latitude * radians) * Math.cos(latitude * radians) * east));
}

/** What the form says of a position: the distance where the station is known, else the accuracy alone. */
function sentence(form: HTMLFormElement, coords: GeolocationCoordinates): string {
  const accuracy = String(Math.round(coords.accuracy));
  const [latitude, longitude] = (form.dataset["station"] ?? "").split(",").map(Number);
  if (latitude === undefined || longitude === undefined) {
    return (form.dataset["locationFound"] ?? "±{m} m").replace("{m}", accuracy);
  }
  const away = Math.round(metres(coords, latitude, longitude));
  const fence = Number(form.dataset["fence"] ?? "Infinity");
  const words = (away > fence ? form.dataset["outside"] : form.dataset["distance"]) ?? "{d} m";
  return words.replace("{d}", String(away)).replace("{m}", accuracy).replace("{f}", String(fence));
}

export function startLocation(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-location]")) {
    if (!("geolocation" in navigator)) continue;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        fill(form, "latitude", coords.latitude);
        fill(form, "longitude", coords.longitude);
        fill(form, "accuracy_m", Math.round(coords.accuracy));
        show(form, sentence(form, coords));
      },
      () => show(form, form.dataset["locationMissing"] ?? ""),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
    form.addEventListener("submit", () => {
      const field = form.elements.namedItem("device_at");
      if (field instanceof HTMLInputElement) field.value = new Date().toISOString();
    });
  }
}
