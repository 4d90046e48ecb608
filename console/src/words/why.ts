// The words of the form that every change asks with.
export const zh = {
  "why.label": "理由（记入审计）",
  "why.hint": "例如：工单号、依据、由谁提出",
  "why.missing": "请写明理由。",
};

export const en: Record<keyof typeof zh, string> = {
  "why.label": "Why (stands in the audit)",
  "why.hint": "a ticket, what it rests on, who asked",
  "why.missing": "Say why.",
};
