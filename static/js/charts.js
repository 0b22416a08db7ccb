// Draws what the server computed: figures come with their words, so nothing is calculated or translated here.
// Bars differ by pattern and lines by their marks, so that the chart can be read without colour.

const drawn = new Map();

// The page's colours are written in ways that a canvas library does not read: the browser paints one point and tells its parts.
const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function colour(name) {
  brush.canvas.width = brush.canvas.height = 1;
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  brush.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
}

const shapes = (surface) => ({
  answered: { type: "bar", stack: "queue", itemStyle: { decal: { symbol: "none" } } },
  abandoned: {
    type: "bar",
    stack: "queue",
    itemStyle: { decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -Math.PI / 4, color: surface } },
  },
  offered: { type: "line", symbol: "circle", lineStyle: { type: "dotted", width: 2 } },
});

// Lines beside each other differ by their marks and strokes as well.
const MARKS = ["diamond", "triangle", "rect", "circle"];
const DASHES = ["solid", "dashed", "dotted", [12, 3, 2, 3]];

function palette() {
  return {
    several: [colour("--tblr-primary"), colour("--desk-warn"), colour("--desk-good"), colour("--tblr-body-color")],
    answered: colour("--tblr-primary"),
    abandoned: colour("--desk-bad"),
    offered: colour("--tblr-body-color"),
    "service-level": colour("--desk-warn"),
    signal: colour("--desk-bad"),
    limit: colour("--tblr-secondary-color"),
    text: colour("--tblr-body-color"),
    grid: colour("--tblr-border-color"),
    surface: colour("--tblr-bg-surface"),
  };
}

function axisWords(unit) {
  if (unit === "share") return (value) => `${Math.round(value * 100)} %`;
  if (unit === "seconds") return (value) => (value < 60 ? `${value} s` : `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`);
  return undefined;
}

// Provisional values are hollow; values that break a rule of variation are larger and of another colour.
function points(one, colours, alone, at) {
  const own = colours[one.key] || (alone ? colours.answered : colours.several[at % colours.several.length]);
  return one.points.map((value, place) => {
    if (value === null) return value;
    const hollow = one.hollow.includes(place);
    const signal = one.signals.includes(place);
    if (!hollow && !signal) return value;
    const edge = signal ? colours.signal : own;
    return {
      value,
      symbol: signal ? "diamond" : "circle",
      symbolSize: signal ? 13 : 8,
      itemStyle: { color: hollow ? colours.surface : edge, borderColor: edge, borderWidth: 2 },
    };
  });
}

// The natural limits with their mean, and a line where an agreement began or history was restated.
function drawnLines(one, marks, colours) {
  const limits = one.limits.flatMap(([start, end, ...levels]) =>
    levels.map((level, at) => [
      { xAxis: start, yAxis: level, lineStyle: { color: colours.limit, type: at === 1 ? "solid" : "dashed", width: 1 } },
      { xAxis: Math.max(start, end - 1), yAxis: level },
    ]),
  );
  const moments = marks.map(({ at, label }) => ({
    xAxis: at,
    lineStyle: { color: colours.text, type: "solid", width: 1.5 },
    label: { show: true, formatter: label, position: "insideEndTop", color: colours.text, fontSize: 11 },
  }));
  return { silent: true, symbol: "none", label: { show: false }, data: [...limits, ...moments, ...aims(one, colours)] };
}

// What was to be reached, from piece to piece as it held then.
function aims(one, colours) {
  const found = [];
  (one.target ?? []).forEach((level, at, all) => {
    if (level === null || (at > 0 && all[at - 1] === level)) return;
    let end = at;
    while (end + 1 < all.length && all[end + 1] === level) end += 1;
    found.push([
      { xAxis: at, yAxis: level, lineStyle: { color: colours.signal, type: [8, 4], width: 1.5 } },
      { xAxis: end, yAxis: level },
    ]);
  });
  return found;
}

function lines(data, colours) {
  const units = [...new Set(data.series.map((one) => one.unit))];
  const known = shapes(colours.surface);
  return data.series.map((one, at) => ({
    name: one.name,
    data: points(one, colours, data.series.length === 1, at),
    markLine: drawnLines(one, at === 0 ? data.marks : [], colours),
    yAxisIndex: units.indexOf(one.unit),
    connectNulls: false,
    ...(known[one.key] || {
      type: one.unit === "count" ? "bar" : "line",
      symbol: MARKS[at % MARKS.length],
      symbolSize: 7,
      lineStyle: { width: 2, type: DASHES[at % DASHES.length] },
    }),
    color: colours[one.key] || (data.series.length === 1 ? colours.answered : colours.several[at % colours.several.length]),
    barMaxWidth: 28,
  }));
}

// The bars of a distribution, with lines where its median, 90th percentile and mean lie between them.
function spread(data) {
  const colours = palette();
  const words = { color: colours.text, fontFamily: getComputedStyle(document.body).fontFamily };
  const most = Math.max(...data.points);
  const lines = data.marks.map(({ at, label, is_firm }, index) => [
    {
      coord: [at, 0],
      lineStyle: { color: colours.text, type: is_firm ? "solid" : "dashed", width: 1.5 },
      label: { show: true, formatter: label, position: "end", distance: 2 + index * 13, color: colours.text, fontSize: 11, align: at < data.points.length / 2 ? "left" : "right" },
    },
    { coord: [at, most] },
  ]);
  return {
    animation: false,
    textStyle: words,
    grid: { left: 4, right: 8, top: 54, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: [
      { type: "category", data: data.ticks, axisLabel: { ...words, hideOverlap: true }, axisLine: { lineStyle: { color: colours.grid } }, axisTick: { show: false } },
      // Lines lie between bars: they have an axis of their own, counted in bars.
      { type: "value", min: -0.5, max: data.points.length - 0.5, show: false },
    ],
    yAxis: { type: "value", min: 0, minInterval: 1, axisLabel: words, splitLine: { lineStyle: { color: colours.grid } } },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow" },
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.surface,
      borderColor: colours.grid,
      textStyle: words,
      formatter: (points) => `${data.labels[points[0].dataIndex]}\n${data.words[points[0].dataIndex]}`,
    },
    series: [
      { type: "bar", name: data.name, data: data.points, color: colours.answered, barCategoryGap: "8%" },
      { type: "line", xAxisIndex: 1, data: [], silent: true, markLine: { silent: true, symbol: "none", data: lines } },
    ],
  };
}

// Above the drawing only what stands there needs room: the names of several series, or the words of marks.
const room = (data) => (data.series.length > 1 ? 44 : data.marks.length ? 28 : 14);

function options(data) {
  if (data.kind === "spread") return spread(data);
  const colours = palette();
  const units = [...new Set(data.series.map((one) => one.unit))];
  const words = { color: colours.text, fontFamily: getComputedStyle(document.body).fontFamily };
  return {
    animation: false,
    textStyle: words,
    grid: { left: 4, right: 8, top: room(data), bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { show: data.series.length > 1, type: "scroll", left: 0, top: 0, textStyle: { ...words, color: colours.text } },
    xAxis: {
      type: "category",
      data: data.labels,
      axisLabel: { ...words, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.grid } },
      axisTick: { show: false },
    },
    yAxis: units.map((unit, index) => ({
      type: "value",
      position: index ? "right" : "left",
      min: unit === "points" ? undefined : 0,
      max: unit === "share" ? 1 : undefined,
      minInterval: unit === "count" ? 1 : undefined,
      axisLabel: { ...words, formatter: axisWords(unit) },
      splitLine: { show: index === 0, lineStyle: { color: colours.grid } },
    })),
    // Drawn on the canvas: a tooltip made of elements would need inline styles, which the page forbids.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.surface,
      borderColor: colours.grid,
      textStyle: words,
      formatter: (points) => {
        const at = points[0].dataIndex;
        return [data.labels[at], ...data.series.map((one) => `${one.name}: ${one.words[at]}`)].join("\n");
      },
    },
    series: lines(data, colours),
  };
}

function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  element.toggleAttribute("data-drawn", Boolean(source && window.echarts));
  if (!source || !window.echarts) return;
  const data = JSON.parse(source.textContent);
  let chart = drawn.get(element);
  if (!chart) {
    chart = window.echarts.init(element, null, { renderer: "canvas" });
    drawn.set(element, chart);
    // A point leads where its figure in the table leads; where there is one series, so does the room above and below it.
    const go = (at, column) => {
      const row = document.getElementById(element.dataset.chart).parentElement.querySelectorAll("tbody tr")[at];
      const link = row?.querySelectorAll("td")[column]?.querySelector("a");
      if (link) window.location.assign(link.href);
    };
    chart.on("click", (point) => go(point.dataIndex, point.seriesIndex));
    chart.getZr().on("click", ({ offsetX, offsetY, target }) => {
      const alone = element.dataset.alone === "true" && !target && chart.containPixel("grid", [offsetX, offsetY]);
      if (alone) go(Math.round(chart.convertFromPixel({ xAxisIndex: 0 }, offsetX)), 0);
    });
    new ResizeObserver(() => chart.resize()).observe(element);
  }
  element.dataset.alone = String(data.kind === "spread" || data.series.length === 1);
  chart.setOption(options(data), { notMerge: true });
}

export function drawAll() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

document.addEventListener("desk:theme", drawAll);
// What came anew brings its data with it.
const brings = (element) => element.matches?.("[data-chart-part]") || element.querySelector?.("[data-chart-part]");
document.addEventListener("htmx:load", (event) => {
  if (brings(event.detail.elt)) drawAll();
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (brings(event.detail.target)) drawAll();
});
drawAll();
