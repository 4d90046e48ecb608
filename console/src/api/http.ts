// One way to ask the server: JSON in, JSON out, every refusal as a Refused that says in both languages what was wrong.
import type { Problem } from "./types";

export type Language = "zh" | "en";

/** A refusal of the server, or that it could not be reached. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly words: Record<Language, string>,
    readonly field = "",
    readonly requestId = "",
    /** The character of an expression that was wrong, from 1. */
    readonly column = 1,
  ) {
    super(words.en);
  }
}

let proof = "";

/** What every change made with the cookie has to carry; told at sign-in. */
export function keepProof(told: string): void {
  proof = told;
}

export type Query = Record<string, string | number | boolean | undefined>;

/** The address with those parameters that say something. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== false);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return ask<T>("GET", address(path, query), undefined, signal);
}

/** A change. `version`: the one that was read; refused (412) when it has changed since. `last`: sent even though the page is being left. */
export async function send<T>(method: "POST" | "DELETE" | "PATCH", path: string, body?: unknown, more: { version?: number; last?: boolean } = {}): Promise<T> {
  return ask<T>(method, path, body, undefined, more);
}

/** What is told as text. */
export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  const answer = await fetch(path, { headers: { accept: "text/plain" }, credentials: "same-origin", ...(signal ? { signal } : {}) });
  if (answer.ok) return answer.text();
  throw refusedBy(answer.status, (await answer.json().catch(() => undefined)) as Partial<Problem> | undefined);
}

/** A question whose answer comes line by line, each of them JSON. */
export async function lines<T>(path: string, body: unknown, take: (line: T) => void, signal: AbortSignal): Promise<void> {
  const answer = await reach(path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "content-type": "application/json", ...(proof ? { "zhiyu-forgery-proof": proof } : {}) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  if (!answer.ok || !answer.body) throw refusedBy(answer.status, (await answer.json().catch(() => undefined)) as Partial<Problem> | undefined);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reached(() => reader.read());
    const parts = (rest + (value ?? "")).split("\n");
    rest = parts.pop() ?? "";
    for (const each of parts) if (each) take(JSON.parse(each) as T);
    if (done) return;
  }
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, more: { version?: number; last?: boolean } = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET" && proof) headers["zhiyu-forgery-proof"] = proof;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (more.version !== undefined) headers["if-match"] = `"${more.version}"`;
  const answer = await reach(path, {
    method,
    headers,
    keepalive: more.last ?? false,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  const content: unknown = await answer.json().catch(() => undefined);
  if (answer.ok) return content as T;
  throw refusedBy(answer.status, content as Partial<Problem> | undefined);
}

function reach(path: string, asked: RequestInit): Promise<Response> {
  return reached(() => fetch(path, { credentials: "same-origin", ...asked }));
}

/** What the network did; that it could not, unless somebody took the question back. */
async function reached<T>(asked: () => Promise<T>): Promise<T> {
  try {
    return await asked();
  } catch (failed) {
    if (failed instanceof DOMException && failed.name === "AbortError") throw failed;
    throw new Refused(0, "unreachable", {
      zh: "连不上服务。请确认服务在运行、网络可用，然后重试。",
      en: "The server cannot be reached. See that it runs and the network is there, then try again.",
    });
  }
}

function refusedBy(status: number, told: Partial<Problem> | undefined): Refused {
  const unknown = { zh: `服务返回 ${status}。请重试；仍不行请联系管理员。`, en: `The server answered ${status}. Try again; if it stays, tell whoever runs it.` };
  const words = told?.detail_zh && told.detail_en ? { zh: told.detail_zh, en: told.detail_en } : unknown;
  return new Refused(status, told?.code ?? "unknown", words, told?.field, told?.request_id, told?.problems?.[0]?.column);
}
