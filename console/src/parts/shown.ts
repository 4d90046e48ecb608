// The chosen row of a list stays in sight while keys move it.
import { useEffect, useRef, type RefObject } from "react";

/** For the element whose children are the rows; `at`: which is chosen. */
export function useShown<E extends HTMLElement>(at: number): RefObject<E | null> {
  const body = useRef<E>(null);
  useEffect(() => {
    body.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return body;
}
