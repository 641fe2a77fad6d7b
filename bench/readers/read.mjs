// Reads a file of vectors as other programs do: .parquet in DuckDB, .arrow in Arrow's own JavaScript library.
// Usage: node read.mjs FILE
// Prints {"rows", "dimension", "columns": {NAME: [values]}, "sha256"}: the columns but embedding, and the hash of
// embedding as little-endian fp32, row after row. The packages are those of ESIMCSE_READERS, or of this folder.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const folder = process.env.ESIMCSE_READERS ?? import.meta.dirname;
const require = createRequire(join(folder, "package.json"));

async function readParquet(file) {
  const { DuckDBInstance } = require("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(`select * from read_parquet('${file.replaceAll("'", "''")}')`);
  return result.getRowObjects().map(row => ({ ...row, embedding: row.embedding.items }));
}

function readArrow(file) {
  const { tableFromIPC } = require("apache-arrow");
  const table = tableFromIPC(readFileSync(file));
  return Array.from(table, row => row.toJSON());
}

const file = process.argv[2];
const rows = file.endsWith(".parquet") ? await readParquet(file) : readArrow(file);
const hash = createHash("sha256");
const columns = {};
for (const { embedding, ...others } of rows) {
  hash.update(new Uint8Array(Float32Array.from(embedding).buffer));
  for (const [name, value] of Object.entries(others)) (columns[name] ??= []).push(value);
}
const dimension = rows.length === 0 ? 0 : rows[0].embedding.length;
const summary = { rows: rows.length, dimension, columns, sha256: hash.digest("hex") };
console.log(JSON.stringify(summary, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
