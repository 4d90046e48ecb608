// Keys: one listener for the page. A screen says which acts it answers; letters typed into a field are letters.
import { createContext, use, useEffect, useMemo, useRef, type ReactNode } from "react";
import { actOf, nameOf, type Place } from "./table";

type Acts = Record<string, () => void>;
interface Layer {
  place: Place;
  acts: { current: Acts };
}

const Context = createContext<{ add: (layer: Layer) => () => void; layers: () => readonly Place[] } | undefined>(undefined);

function typesInto(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(target.type)) return false;
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** A control that Enter or Space belongs to. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, [role=button], [role=tab], [role=option], summary") !== null;
}

export function KeysOf({ children }: { children: ReactNode }) {
  const layers = useRef<Layer[]>([]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const keys = nameOf(event);
      const typing = typesInto(event.target);
      if (typing && !keys.startsWith("mod+")) return;
      if (keys === "Enter" && isControl(event.target)) return;
      if (document.querySelector(".ant-modal-wrap:not([style*='display: none'])") && keys !== "mod+k") return;
      const binding = actOf(keys, layers.current.map((each) => each.place));
      const layer = binding && [...layers.current].reverse().find((each) => each.place === binding.place && binding.act in each.acts.current);
      const act = binding && layer?.acts.current[binding.act];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
  const value = useMemo(
    () => ({
      add: (layer: Layer) => {
        layers.current = [...layers.current, layer];
        return () => {
          layers.current = layers.current.filter((each) => each !== layer);
        };
      },
      layers: () => layers.current.map((each) => each.place),
    }),
    [],
  );
  return <Context value={value}>{children}</Context>;
}

/** While this screen is there, these acts are done when their keys are pressed. */
export function useKeys(place: Place, acts: Acts): void {
  const keys = use(Context);
  const latest = useRef(acts);
  useEffect(() => {
    latest.current = acts;
  });
  useEffect(() => keys?.add({ place, acts: latest }), [keys, place]);
}

/** The places whose keys work now. */
export function usePlaces(): () => readonly Place[] {
  const keys = use(Context);
  return keys?.layers ?? (() => []);
}
