// Bundles static_src into static/dist: scripts, purged styles, icon sprite, manifest of hashed names.
// Run by tools/frontend.py: node build.mjs <dist folder> <folder with the Python package>
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";

const here = dirname(fileURLToPath(import.meta.url));
const [dist, packageFolder] = process.argv.slice(2);
const FLOOR = ["chrome86", "safari14", "firefox102"]; // ui.md §5
const FORBIDDEN = /oklch\(|light-dark\(|color-mix\(/;

const SHAPES = {
  good: '<circle cx="6" cy="6" r="5"/>',
  waiting: '<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="2"/>',
  moving: '<path d="M6 1a5 5 0 1 1-4.600 3" fill="none" stroke="currentColor" stroke-width="2"/><path d="M0 5.500 1 .8l4 2.400z"/>',
  near: '<rect x="5" y="1" width="2.200" height="6.600" rx="1"/><circle cx="6.100" cy="10" r="1.300"/>',
  late: '<path d="M6 .8 11.600 11H.4z"/>',
  doubted: '<path d="M6 .4 11.600 6 6 11.600.4 6z"/>',
  refused: '<path d="m2 2 8 8m0-8-8 8" fill="none" stroke="currentColor" stroke-width="2.200" stroke-linecap="round"/>',
  human: '<path d="m1 11 .7-3L8.400 1.300l2.300 2.300L4 10.300z"/>',
  ended: '<rect x="1.500" y="1.500" width="9" height="9"/>',
};
const MARK =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M2 12c3.200-5 6.500-7 10-7s6.800 2 10 7c-3.200 5-6.500 7-10 7s-6.800-2-10-7z" fill="#fff" stroke="#0b5cad" stroke-width="2"/><path d="M6.500 12.500H9L10.500 9l2.500 6.500 1.800-3h2.700" fill="none" stroke="#0b5cad" stroke-width="1.700"/></svg>';

function files(folder, endings) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && endings.includes(extname(e.name)))
    .map((e) => join(e.parentPath, e.name));
}

function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split(/\s+/).filter(Boolean);
  const icons = names.map((name) => {
    const path = join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`);
    let text;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      throw new Error(`icons.txt names "${name}", which @tabler/icons does not have; see tabler.io/icons for names`);
    }
    const inner = text.replace(/^[\s\S]*?<svg[\s\S]*?>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  const shapes = Object.entries(SHAPES).map(([name, path]) => `<symbol id="shape-${name}" viewBox="0 0 12 12">${path}</symbol>`);
  return `<svg xmlns="http://www.w3.org/2000/svg">${[...shapes, ...icons].join("")}</svg>`;
}

async function styles(entry, content) {
  const tabler = readFileSync(join(here, "node_modules/@tabler/core/dist/css/tabler.css"), "utf8");
  const [kept] = await new PurgeCSS().purge({
    content: content.map((path) => ({ raw: readFileSync(path, "utf8"), extension: extname(path).slice(1) })),
    css: [{ raw: tabler }],
    variables: true,
    keyframes: true,
    fontFace: true,
    safelist: { standard: ["html", "body", "is-invalid", "active"] },
  });
  const own = await build({ entryPoints: [join(here, "css", entry)], bundle: true, write: false, target: FLOOR, logLevel: "silent" });
  const minified = await transform(kept.css + own.outputFiles[0].text, { loader: "css", minify: true, target: FLOOR, charset: "utf8" });
  if (FORBIDDEN.test(minified.code)) throw new Error(`${entry}: a colour function newer than our oldest browsers (oklch, light-dark, color-mix)`);
  return minified.code;
}

async function scripts() {
  const result = await build({
    entryPoints: ["site", "chart", "phone"].map((name) => join(here, "ts", `${name}.ts`)),
    bundle: true,
    minify: true,
    write: false,
    outdir: dist,
    format: "iife",
    target: FLOOR,
    supported: { destructuring: true }, // esbuild avoids it for Safari 14.0, which fails only in for-loop heads
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
  });
  return Object.fromEntries(result.outputFiles.map((f) => [f.path.split(/[\\/]/).pop(), f.text]));
}

const site = files(packageFolder, [".html", ".py"]).concat(files(join(here, "ts"), [".ts"]));
const phone = site.filter((path) => /base_(root|phone)|components|portals[\\/](mobile|shared)|errors|ts[\\/](phone|base)/.test(path));
const outputs = {
  ...(await scripts()),
  "site.css": await styles("site.css", site),
  "phone.css": await styles("phone.css", phone),
  "icons.svg": sprite(),
  "mark.svg": MARK,
};
mkdirSync(dist, { recursive: true });
const manifest = {};
for (const [name, text] of Object.entries(outputs)) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const built = name.replace(/(\.[a-z]+)$/, `.${hash}$1`);
  const packed = gzipSync(text, { level: 9 });
  writeFileSync(join(dist, built), text);
  writeFileSync(join(dist, `${built}.gz`), packed);
  manifest[name] = built;
  console.log(`${name.padEnd(10)} ${String(text.length).padStart(8)} B  ${(packed.length / 1000).toFixed(1).padStart(6)} kB gzip`);
}
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 1));
const kept = new Set(Object.values(manifest).flatMap((name) => [name, `${name}.gz`]).concat("manifest.json", "sources.sha256"));
for (const name of readdirSync(dist)) if (!kept.has(name)) rmSync(join(dist, name)); // old builds, after the new one stands
