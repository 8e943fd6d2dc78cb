/**
 * Writes TypeScript types for the schemas of an OpenAPI 3.1 description.
 * Usage: node generate-types.mjs <openapi.json> <types.gen.ts>
 *
 * Only what the API's answers and bodies need is understood: objects, arrays, enums, unions,
 * references, nullable values and maps. Anything else stops the run, so that no type is a guess.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [, , source, target] = process.argv;
const description = JSON.parse(readFileSync(source, "utf8"));
const schemas = description.components?.schemas ?? {};

const identifier = (name) => name.replace(/[^A-Za-z0-9_$]+/g, "_");
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const comment = (text, indent = "") => {
  if (!text) return "";
  const lines = text.trim().replaceAll("*/", "*\\/").split("\n");
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */\n`
    : `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
};

/** `isAnswer`: the server always sends fields that have a default. */
function typeOf(schema, isAnswer) {
  if (schema === true || schema === undefined || Object.keys(schema).length === 0) return "unknown";
  if (schema.$ref) return identifier(schema.$ref.split("/").at(-1));
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return [...new Set(union.map((part) => typeOf(part, isAnswer)))].join(" | ");
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part, isAnswer)})`).join(" & ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeOf({ ...schema, type }, isAnswer)).join(" | ");
  }
  switch (schema.type) {
    case "string":
      return schema.format === "binary" ? "Blob" : "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      if (schema.prefixItems) {
        return `[${schema.prefixItems.map((part) => typeOf(part, isAnswer)).join(", ")}]`;
      }
      return `Array<${typeOf(schema.items, isAnswer)}>`;
    case "object":
    case undefined:
      return objectOf(schema, isAnswer);
    default:
      throw new Error(`Unknown schema: ${JSON.stringify(schema)}`);
  }
}

function objectOf(schema, isAnswer) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isSure = required.has(name) || (isAnswer && "default" in field);
    return `${comment(field.description, "  ")}  ${key(name)}${isSure ? "" : "?"}: ${typeOf(field, isAnswer)};\n`;
  });
  const rest = schema.additionalProperties;
  if (fields.length === 0) return `Record<string, ${rest ? typeOf(rest, isAnswer) : "unknown"}>`;
  return `{\n${fields.join("")}${rest ? "  [key: string]: unknown;\n" : ""}}`;
}

/** Names of every schema that an answer can hold, directly or inside another. */
function namesInAnswers() {
  const names = new Set();
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (!node || typeof node !== "object") return;
    if (typeof node.$ref === "string") {
      const name = node.$ref.split("/").at(-1);
      if (!names.has(name)) {
        names.add(name);
        visit(schemas[name]);
      }
    }
    for (const value of Object.values(node)) visit(value);
  };
  for (const path of Object.values(description.paths ?? {})) {
    for (const operation of Object.values(path)) visit(operation?.responses);
  }
  return names;
}

const answers = namesInAnswers();
let text = "// Made by `npm run generate` from the API's own description. Never edited by hand.\n";
for (const name of Object.keys(schemas).sort()) {
  const schema = schemas[name];
  text += `\n${comment(schema.description)}export type ${identifier(name)} = ${typeOf(schema, answers.has(name))};\n`;
}
writeFileSync(target, text);
