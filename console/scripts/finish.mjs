// After the build: a .gz beside every file that gains from it, and the budget of the first load.
// In: the built files and Vite's manifest. Out: files, a table of sizes; exit code 1 when a screen needs more than its budget.
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 350;
const folder = new URL("../../src/zhiyu/server/console/", import.meta.url).pathname;

function* files(at) {
  for (const name of readdirSync(at)) {
    const path = join(at, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (!path.endsWith(".gz") && !path.includes("/.vite/")) yield path;
  }
}

const packed = new Map();
for (const path of files(folder)) {
  const plain = readFileSync(path);
  const small = gzipSync(plain, { level: 9 });
  packed.set(path.slice(folder.length), small.length);
  if (small.length < plain.length && !path.endsWith("index.html")) writeFileSync(`${path}.gz`, small);
}

// The first load of a screen: what the page names, the screen's own part, and everything that these import before they run.
const page = readFileSync(join(folder, "index.html"), "utf8");
const manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8"));
rmSync(join(folder, ".vite"), { recursive: true });
const named = [...page.matchAll(/\/console\/(assets\/[^"]+)/g)].map((found) => found[1]);

function withImports(key, found = new Set()) {
  const part = manifest[key];
  if (!part || found.has(part.file)) return found;
  found.add(part.file);
  for (const style of part.css ?? []) found.add(style);
  for (const each of part.imports ?? []) withImports(each, found);
  return found;
}

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
const over = [];
for (const screen of Object.keys(manifest).filter((key) => /\/(page|gangs|one|signin)\.tsx$/.test(key)).sort()) {
  const files = new Set([...named, ...withImports("index.html"), ...withImports(screen)]);
  const sum = [...files].reduce((all, name) => all + (packed.get(name) ?? 0), 0);
  console.log(`${kb(sum)} kB  ${screen.replace("src/", "")}`);
  if (sum > BUDGET_KB * 1000) over.push(screen);
}
console.log(`what each screen loads first, compressed; at most ${BUDGET_KB} kB`);
if (over.length) {
  console.error(`over the budget of ${BUDGET_KB} kB: ${over.join(", ")}; load what is not needed at once with import()`);
  process.exit(1);
}
