// Where everything about one entity is told. By code: a value would stand in the address.

export function placeOf(entity: string, code: string): string {
  return `/entities/${encodeURIComponent(entity)}/code:${code}`;
}
