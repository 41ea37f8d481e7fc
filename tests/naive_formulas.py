"""Formulas of HJ 75 appendix C and HJ 212 appendix D in exact fractions of the printed decimals."""

from fractions import Fraction


def exact(value: float) -> Fraction:
    return Fraction(repr(value))


def convert_by_excess_air(value: float, o2: float, reference_air: float) -> float | None:
    if o2 >= 21:
        return None
    return float(exact(value) * Fraction(21) / (21 - exact(o2)) / exact(reference_air))


def mass_from_volume(ppm: float, gas: str) -> float:
    return float({"SO2": 64, "NO": 30, "NO2": 46, "CO": 28}[gas] * exact(ppm) / Fraction("22.4"))


def volume_from_mass(mg: float, gas: str) -> float:
    return float(exact(mg) * Fraction("22.4") / {"SO2": 64, "NO": 30, "NO2": 46, "CO": 28}[gas])


def nox_as_no2(no: float, no2: float) -> float:
    return float(exact(no) * 46 / 30 + exact(no2))


def nox_from_volume(no: float, no2: float) -> float:
    return float((exact(no) + exact(no2)) * 46 / Fraction("22.4"))


def wet_to_dry(wet: float, humidity: float) -> float:
    return float(exact(wet) * 100 / (100 - exact(humidity)))


def to_standard_state(value: float, ts: float, ba: float, ps: float) -> float:
    return float(exact(value) * 101325 * (273 + exact(ts)) / ((exact(ba) + exact(ps)) * 273))


def humidity_from_oxygen(wet: float, dry: float) -> float:
    return float((exact(dry) - exact(wet)) * 100 / exact(dry))


def velocity(kv: float, vp: float) -> float:
    return float(exact(kv) * exact(vp))


def actual_flow(area: float, vs: float) -> float:
    return float(3600 * exact(area) * exact(vs))


def standard_flow(flow: float, ts: float, ba: float, ps: float, humidity: float) -> float:
    top = exact(flow) * 273 * (exact(ba) + exact(ps)) * (100 - exact(humidity))
    return float(top / ((273 + exact(ts)) * 101325 * 100))


def emission_kg(mg: float, flow: float) -> float:
    return float(exact(mg) * exact(flow) / 1_000_000)


def emission_t(hours: list[float | None]) -> float | None:
    known = [exact(hour) for hour in hours if hour is not None]
    return float(sum(known) / 1000) if known else None


def water_mass_kg(mgl: float, volume: float) -> float:
    return float(exact(mgl) * exact(volume) / 1000)


def exceedance_multiple(value: float, limit: float) -> float:
    return float(exact(value) / exact(limit) - 1)


def volumes(flow: list[float], lengths: list[int], unit: str) -> list[float]:
    share = {"L/s": Fraction(1, 1000), "m3/s": Fraction(1), "m3/h": Fraction(1, 3600)}[unit]
    return [float(exact(value) * length * share) for value, length in zip(flow, lengths, strict=True)]


def totaliser_volumes(readings: list[float | None]) -> list[float | None]:
    out: list[float | None] = []
    last: float | None = None
    for reading in readings:
        if reading is None:
            out.append(None)
            continue
        out.append(None if last is None or reading < last else float(exact(reading) - exact(last)))
        last = reading
    return out


def mean_flow(volume: float, seconds: int) -> float:
    return float(exact(volume) * 1000 / seconds)


def mean_concentration(mass: float, volume: float) -> float | None:
    return float(exact(mass) * 1000 / exact(volume)) if volume > 0 else None


def drift(readings: list[float], reference: float, full_scale: float) -> float:
    worst = Fraction(0)
    for reading in readings:
        difference = exact(reading) - exact(reference)
        if abs(difference) > abs(worst):
            worst = difference
    return float(worst / exact(full_scale) * 100)


def standard_check_error(measured: float, standard: float) -> float:
    return float((exact(measured) - exact(standard)) / exact(standard) * 100)


def relative_accuracy(measured: list[float], reference: list[float]) -> float:
    t = {9: "2.306", 10: "2.262", 11: "2.228", 12: "2.201", 13: "2.179"}[len(reference)]
    pairs = len(reference)
    differences = [exact(a) - exact(b) for a, b in zip(measured, reference, strict=True)]
    mean = sum(differences, Fraction(0)) / pairs
    variance = sum(((d - mean) ** 2 for d in differences), Fraction(0)) / (pairs - 1)
    confidence = float(t) * float(variance / pairs) ** 0.5
    return (abs(float(mean)) + confidence) / float(sum(map(exact, reference), Fraction(0)) / pairs) * 100
