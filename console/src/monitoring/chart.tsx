// Lines over time, drawn by ECharts on a canvas; what they show stands in the table as well. Loaded only when a chart is there.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useShade } from "../theme";

register([LineChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

export interface Line {
  name: string;
  /** An outcome, to be in its colour. */
  outcome?: string | undefined;
  points: [number, number | null][];
  /** Drawn faintly: what was before. */
  faint?: boolean;
}

export interface Mark {
  time: number;
  name: string;
}

const COLORS = {
  light: ["#3457d5", "#b4690e", "#1b7a4d", "#a8172b", "#6b4fb3", "#00718f", "#667085"],
  dark: ["#8fa8ff", "#e5a04c", "#7fd3a4", "#ff95a1", "#c4adff", "#6fd0ea", "#98a2b5"],
};
/** Lines need colours further apart than labels, which have a word on them. */
const OUTCOMES: Record<string, { light: string; dark: string }> = {
  pass: { light: "#1b7a4d", dark: "#7fd3a4" },
  notify: { light: "#00718f", dark: "#6fd0ea" },
  challenge: { light: "#a38400", dark: "#e6d35c" },
  delay: { light: "#d9731a", dark: "#f0a05a" },
  review: { light: "#6b4fb3", dark: "#c4adff" },
  decline: { light: "#c7203a", dark: "#ff7b8b" },
};

export default function Chart({ lines, marks, label, figure, time }: { lines: Line[]; marks: Mark[]; label: string; figure: (value: unknown) => string; time: (ms: number) => string }) {
  const { shade } = useShade();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | undefined>(undefined);
  useEffect(() => {
    if (!box.current) return undefined;
    const made = init(box.current, undefined, { renderer: "canvas" });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      chart.current = undefined;
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const text = { color: color("--text-2"), fontFamily: color("--font"), fontSize: 12 };
    chart.current?.setOption(
      {
        animation: false,
        color: COLORS[shade],
        textStyle: text,
        grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
        legend: { type: "scroll", top: 0, left: 0, itemWidth: 16, itemHeight: 8, textStyle: text, pageTextStyle: text, pageIconColor: color("--text-2"), pageIconInactiveColor: color("--line-strong") },
        tooltip: {
          trigger: "axis",
          renderMode: "richText", // a box of the page would need styles that our policy does not let in
          confine: true,
          backgroundColor: color("--panel"),
          borderColor: color("--line-strong"),
          textStyle: { ...text, color: color("--text") },
          formatter: (told: unknown) => tip(told as Told[], figure, time),
        },
        xAxis: { type: "time", axisLine: { lineStyle: { color: color("--line-strong") } }, axisLabel: { ...text, hideOverlap: true }, splitLine: { show: false } },
        yAxis: { type: "value", axisLabel: { ...text, formatter: (value: number) => figure(value) }, splitLine: { lineStyle: { color: color("--line") } } },
        series: lines.map((line, number) => ({
          type: "line",
          name: line.name,
          data: line.points,
          showSymbol: line.points.length < 3,
          symbolSize: 5,
          lineStyle: { width: line.faint ? 1.5 : 2, type: line.faint ? "dashed" : "solid" },
          ...(line.faint ? { color: color("--text-3") } : OUTCOMES[line.outcome ?? ""] ? { color: OUTCOMES[line.outcome ?? ""]?.[shade] } : {}),
          ...(number === 0 && marks.length
            ? { markLine: { symbol: ["none", "none"], silent: true, lineStyle: { color: color("--accent"), type: "dotted", width: 1.5 }, label: { ...text, position: "insideEndTop", formatter: ({ name }: { name: string }) => name }, data: marks.map((mark) => ({ name: mark.name, xAxis: mark.time })) } }
            : {}),
        })),
      },
      { notMerge: true },
    );
  }, [lines, marks, shade, figure, time]);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}

interface Told {
  seriesName: string;
  value: [number, number | null];
}

function tip(told: Told[], figure: (value: unknown) => string, time: (ms: number) => string): string {
  const at = told[0]?.value[0];
  const lines = told.filter((each) => each.value[1] !== null).map((each) => `${each.seriesName}  ${figure(each.value[1])}`);
  return [...(at === undefined ? [] : [time(at)]), ...lines].join("\n");
}
