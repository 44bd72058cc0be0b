// Predict the rows of a CSV or JSON file with an ONNX file of Trialbook.
//
//     node predict.mjs model.onnx rows.csv > predictions.csv
//
// Needs onnxruntime-node 1.24 or newer (npm install, in this folder), or one on NODE_PATH.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ort = createRequire(import.meta.url)("onnxruntime-node");

const MISSING_TEXT = "(missing)";
const MISSING_TIME = -(2n ** 63n);
const MISSING = new Set(["", "NaN", "nan", "null", "NULL", "<NA>"]);
const MISSING_VALUE = new Set([...MISSING, "NA", "N/A", "n/a", "None", "?", "-"]);
const ROWS = 1024; // at a time

/** The schema that the file carries: metadata of the protobuf, which onnxruntime does not show. */
export function schemaOf(bytes) {
  const text = new TextDecoder();
  const fields = function* (part) {
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = part[at++];
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) return Number(value);
      }
    };
    while (at < part.length) {
      const key = varint();
      const size = { 0: () => (varint(), 0), 1: () => 8, 2: varint, 5: () => 4 }[key & 7]();
      yield [key >> 3, part.subarray(at, at + size)];
      at += size;
    }
  };
  for (const [field, entry] of fields(bytes)) {
    if (field !== 14) continue; // ModelProto.metadata_props
    const [name, value] = [...fields(entry)].map(([, content]) => text.decode(content));
    if (name === "trialbook.schema") return JSON.parse(value);
  }
  throw new Error("this ONNX file was not written by Trialbook");
}

/** The rows of a CSV file (RFC 4180), as objects of strings. */
export function readCsv(text) {
  const rows = [];
  let row = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (const [, quoted, bare, end] of text.replace(/^\ufeff/, "").matchAll(cell)) {
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    if (end === "") break;
  }
  const [names, ...cells] = rows;
  return cells.map((one) => Object.fromEntries(names.map((name, i) => [name, one[i]])));
}

function number(cell, column, row) {
  if (cell === null || cell === undefined) return NaN;
  if (typeof cell === "string" && MISSING_VALUE.has(cell.trim())) return NaN;
  const value = Number(cell);
  if (Number.isNaN(value)) throw new Error(`column '${column}' holds '${cell}' in row ${row + 1}`);
  return Number.isFinite(value) ? value : NaN;
}

function truth(cell, column, row) {
  if (typeof cell === "string") {
    const word = cell.trim().toLowerCase();
    if (word === "true" || word === "false") return word === "true" ? 1 : 0;
  }
  return number(cell, column, row);
}

function text(cell) {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return MISSING_TEXT;
  if (typeof cell === "boolean") return cell ? "True" : "False"; // as Python writes them
  return MISSING.has(cell) ? MISSING_TEXT : String(cell);
}

const DIRECTIVES = {
  Y: "(?<Y>\\d{4})", y: "(?<y>\\d{2})", m: "(?<m>\\d{1,2})", d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})", M: "(?<M>\\d{1,2})", S: "(?<S>\\d{1,2})", f: "(?<f>\\d{1,9})",
};

/** Nanoseconds since 1970 of a date as it was written in training; ISO 8601 by default. */
export function time(cell, form) {
  if (cell === null || cell === undefined || MISSING_VALUE.has(cell)) return MISSING_TIME;
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/;
  let pattern = iso;
  if (form && form !== "ISO8601") {
    const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const source = escaped.replace(/%(.)/g, (_, letter) => {
      if (letter in DIRECTIVES) return DIRECTIVES[letter];
      throw new Error(`this example does not read dates such as ${form}`);
    });
    pattern = new RegExp(`^${source}$`);
  }
  const found = pattern.exec(String(cell).trim());
  if (!found) return MISSING_TIME;
  if (pattern === iso) {
    const [, day, clock = "00:00", part = "0", zone = "Z"] = found;
    const whole = Date.parse(`${day}T${clock}${zone}`);
    return Number.isNaN(whole) ? MISSING_TIME : nanoseconds(whole, part);
  }
  const { Y, y, m = 1, d = 1, H = 0, M = 0, S = 0, f = "0" } = found.groups;
  const year = Y ?? (Number(y) < 69 ? 2000 : 1900) + Number(y); // as POSIX has it
  const moment = new Date(Date.UTC(year, m - 1, d, H, M, S));
  const same = moment.getUTCMonth() === m - 1 && moment.getUTCDate() === Number(d);
  return same ? nanoseconds(moment.getTime(), f) : MISSING_TIME; // there is no 31 February
}

function nanoseconds(milliseconds, fraction) {
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** Rows as the inputs of a model: for each column a tensor of shape (rows, 1). */
export function feeds(rows, schema, first = 0) {
  const made = {};
  for (const column of schema.columns.filter((one) => one.dropped === null)) {
    const { name, semantic, storage, datetime_format: form } = column;
    if (!(name in rows[0])) throw new Error(`the rows lack '${name}'`);
    const cells = rows.map((row) => row[name]);
    const shape = [rows.length, 1];
    if (semantic === "datetime" && storage !== "number") {
      const times = BigInt64Array.from(cells, (cell) => time(cell, form));
      made[name] = new ort.Tensor("int64", times, shape);
    } else if (storage === "number" || storage === "bool") {
      const read = storage === "bool" ? truth : number;
      const values = Float64Array.from(cells, (cell, row) => read(cell, name, first + row));
      made[name] = new ort.Tensor("float64", values, shape);
    } else {
      made[name] = new ort.Tensor("string", cells.map(text), shape);
    }
  }
  return made;
}

/** What a model says of rows: `{ predictions, probabilities }`, the latter for classes alone. */
export async function predict(session, schema, rows) {
  const predictions = [];
  const probabilities = [];
  const [first, second] = session.outputNames;
  for (let start = 0; start < rows.length; start += ROWS) {
    const answer = await session.run(feeds(rows.slice(start, start + ROWS), schema, start));
    for (const one of answer[first].data) predictions.push(one);
    if (second === undefined) continue;
    const [count, classes] = answer[second].dims;
    for (let row = 0; row < count; row++) {
      probabilities.push([...answer[second].data.slice(row * classes, (row + 1) * classes)]);
    }
  }
  return { predictions, probabilities };
}

async function main([model, table]) {
  if (table === undefined) throw new Error("node predict.mjs model.onnx rows.csv");
  const bytes = readFileSync(model);
  const schema = schemaOf(bytes);
  const content = readFileSync(table, "utf-8");
  const rows = table.endsWith(".json") ? JSON.parse(content) : readCsv(content);
  const session = await ort.InferenceSession.create(bytes);
  const { predictions, probabilities } = await predict(session, schema, rows);
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const names = ["prediction", ...schema.classes.map((label) => quoted(`probability_${label}`))];
  const lines = predictions.map((label, row) =>
    [quoted(String(label)), ...(probabilities[row] ?? [])].join(","),
  );
  process.stdout.write([names.join(","), ...lines, ""].join("\n"));
}

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split(/[\\/]/).pop())) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`Error: ${error.message}\n`);
    process.exitCode = 1;
  });
}
