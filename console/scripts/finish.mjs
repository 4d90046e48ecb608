// After the build: a .gz beside every file that gains from it, and the budget of the first load.
// In: the built files. Out: files, a table of sizes; exit code 1 when a page needs more than its budget.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 350;
const folder = new URL("../../src/zhiyu/server/console/", import.meta.url).pathname;

function* files(at) {
  for (const name of readdirSync(at)) {
    const path = join(at, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (!path.endsWith(".gz")) yield path;
  }
}

const packed = new Map();
for (const path of files(folder)) {
  const plain = readFileSync(path);
  const small = gzipSync(plain, { level: 9 });
  packed.set(path.slice(folder.length), small.length);
  if (small.length < plain.length && !path.endsWith("index.html")) writeFileSync(`${path}.gz`, small);
}

// What the page names itself (its scripts, styles and preloads) is the first load; every import of those comes with them.
const page = readFileSync(join(folder, "index.html"), "utf8");
const first = new Set([...page.matchAll(/\/console\/(assets\/[^"]+)/g)].map((found) => found[1]));
for (const name of first) {
  if (!name.endsWith(".js")) continue;
  const text = readFileSync(join(folder, name), "utf8");
  for (const found of text.matchAll(/(?:^|[;}\s])import\s*(?:[^"'()]*?from\s*)?["']\.\/([^"']+)["']/g)) first.add(`assets/${found[1]}`);
}
const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
let sum = 0;
for (const name of first) {
  sum += packed.get(name) ?? 0;
  console.log(`${kb(packed.get(name) ?? 0)} kB  ${name}  (first load)`);
}
for (const [name, size] of packed) if (!first.has(name) && size > 20_000) console.log(`${kb(size)} kB  ${name}`);
console.log(`${kb(sum)} kB  first load, compressed; at most ${BUDGET_KB}`);
if (sum > BUDGET_KB * 1000) {
  console.error(`the first load is over its budget of ${BUDGET_KB} kB: load what is not needed at once with import()`);
  process.exit(1);
}
