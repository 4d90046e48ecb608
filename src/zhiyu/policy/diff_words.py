"""What the parts of a policy are called when two policies are compared.

Out: per declaration its noun, per key of a declaration its words, in en and zh; and one value in words.
"""

from __future__ import annotations

from typing import Any

import msgspec

from zhiyu.policy.condition_text import plain_text

Words = tuple[str, str]

NOUNS: dict[str, Words] = {
    "Policy": ("policy", "策略"),
    "EventType": ("event type", "事件类型"),
    "Field": ("field", "字段"),
    "Feature": ("feature", "特征"),
    "Grid": ("grid", "特征网格"),
    "Network": ("network", "关系网络"),
    "Link": ("link", "关联"),
    "Gang": ("gang", "团伙"),
    "EntityList": ("list", "名单"),
    "DerivedLabel": ("derived label", "派生标签"),
    "Model": ("model", "模型"),
    "MatrixCell": ("cell of the matrix", "矩阵单元"),
    "Restraint": ("restraint", "克制与公平"),
    "FairGroups": ("groups that fare alike", "公平分组"),
    "Independence": ("independence", "无关性"),
    "OverLending": ("over-lending", "过度授信"),
    "Challenger": ("challenger", "挑战者"),
    "RuleSet": ("rule set", "规则集"),
    "Rule": ("rule", "规则"),
    "Threshold": ("threshold", "阈值"),
    "Scorecard": ("scorecard", "评分卡"),
    "Characteristic": ("characteristic", "特征项"),
    "Bin": ("bin", "分箱"),
    "Band": ("band", "分段"),
    "DecisionTable": ("table", "决策表"),
    "Input": ("input", "输入"),
    "Row": ("row", "行"),
    "Flow": ("flow", "流程"),
    "Node": ("node", "节点"),
    "Service": ("service", "外部服务"),
    "Request": ("request", "请求"),
    "Told": ("field of the answer", "回应字段"),
    "Breaker": ("breaker", "熔断"),
    "Case": ("case", "分支条件"),
    "Arm": ("arm", "实验分支"),
    "Action": ("action", "动作"),
    "Parameter": ("parameter", "参数"),
    "Do": ("action asked for", "执行动作"),
    "LetThrough": ("let-through lottery", "随机放行"),
    "ActionLimit": ("limit", "上限"),
    "Reason": ("reason", "原因"),
    "Source": ("source", "数据源"),
    "TimeColumn": ("time column", "时间列"),
    "LabelColumn": ("label column", "标签列"),
    "Versions": ("versions side by side", "并行版本"),
    "Deadline": ("deadline", "时限"),
    "Clock": ("clock", "时钟"),
    "Feedback": ("feedback", "决策回流"),
}

_KEYS: dict[str, Words] = {
    "aggregate": ("aggregate", "聚合"),
    "aggregates": ("aggregates", "聚合"),
    "of": ("what it looks at", "取值对象"),
    "by": ("key", "键"),
    "over": ("window", "时间窗口"),
    "where": ("filter", "过滤条件"),
    "on": ("event types", "事件类型"),
    "current": ("own event", "本次事件"),
    "expr": ("expression", "表达式"),
    "package": ("package", "模型包"),
    "stage": ("stage", "阶段"),
    "groups": ("groups", "分组"),
    "independence": ("independence", "无关性"),
    "over_lending": ("over-lending", "过度授信"),
    "ratio": ("least ratio", "最低比值"),
    "least": ("least events", "最少事件数"),
    "differ": ("share that may differ", "可不同的比例"),
    "what": ("what must not move", "不得受影响的量"),
    "correlation": ("most correlation", "相关上限"),
    "champion": ("champion", "冠军"),
    "challengers": ("challengers", "挑战者"),
    "fraud": ("fraud type", "欺诈类型"),
    "budget_us": ("budget (µs)", "预算（微秒）"),
    "present": ("share of inputs needed", "所需输入比例"),
    "fallback": ("fallback", "兜底"),
    "when": ("condition", "条件"),
    "score": ("score", "分数"),
    "outcome": ("outcome", "结果"),
    "outcomes": ("outcomes", "结果"),
    "reason": ("reason", "原因"),
    "shadow": ("shadow", "影子"),
    "mode": ("mode", "模式"),
    "thresholds": ("thresholds", "阈值"),
    "base": ("base points", "基础分"),
    "bands": ("bands", "分段"),
    "bins": ("bins", "分箱"),
    "points": ("points", "分值"),
    "hit": ("hit", "命中"),
    "rows": ("rows", "行"),
    "next": ("next node", "下一节点"),
    "then": ("then", "随后"),
    "to": ("where it leads", "去向"),
    "percent": ("percent", "百分比"),
    "salt": ("salt", "盐值"),
    "kind": ("kind", "类别"),
    "enforce": ("enforcement", "是否执行"),
    "share": ("share", "比例"),
    "money_cap": ("daily cap of money", "每日金额上限"),
    "count": ("count", "次数"),
    "per": ("period", "周期"),
    "rule": ("rule", "规则"),
    "key": ("what is counted", "计数对象"),
    "each_rule": ("each rule by itself", "每条规则分别计数"),
    "since": ("start of counting", "计数起点"),
    "rules": ("rules", "规则"),
    "en": ("English wording", "英文说明"),
    "zh": ("Chinese wording", "中文说明"),
    "name": ("name", "名称"),
    "lateness": ("lateness", "迟到上限"),
    "decide": ("decision", "是否决策"),
    "fields": ("fields", "字段"),
    "derive": ("derived values", "派生值"),
    "drop": ("dropped events", "丢弃条件"),
    "money": ("money field", "金额字段"),
    "type": ("type", "类型"),
    "required": ("required", "必填"),
    "min": ("least value", "最小值"),
    "max": ("greatest value", "最大值"),
    "values": ("values", "取值"),
    "entity": ("entity", "实体"),
    "wait": ("outcome while it waits", "等待期间的结果"),
    "within": ("longest wait", "最长等待"),
    "answers": ("answers", "回应事件"),
    "expired": ("where it goes on when time is over", "超时去向"),
    "about": ("field with the id", "承载编号的字段"),
    "changed": ("where it goes on when something about it changes", "相关变化时的去向"),
    "call": ("services asked", "查询的外部服务"),
    "until": ("when no more is asked", "停止查询的条件"),
    "failed": ("where it goes on when none answers", "无回应时的去向"),
    "answer": ("answer", "回应"),
    "request": ("request", "请求"),
    "price": ("price", "价格"),
    "charged": ("what is charged", "计费方式"),
    "timeout": ("longest attempt", "单次超时"),
    "budget": ("longest call", "总时限"),
    "retries": ("further attempts", "重试次数"),
    "idempotent": ("harm of asking twice", "可否重复请求"),
    "cache": ("how long answers are used again", "缓存时长"),
    "at_once": ("calls at a time", "并发上限"),
    "breaker": ("breaker", "熔断"),
    "failures": ("failures in a row", "连续失败次数"),
    "pause": ("pause", "暂停时长"),
    "at": ("place in the answer", "在回应中的位置"),
    "path": ("path", "路径"),
    "method": ("method", "方法"),
    "query": ("query", "查询参数"),
    "body": ("body", "正文"),
    "constant": ("fixed values", "固定值"),
    "branch": ("branch", "分支"),
    "experiment": ("experiment", "实验"),
    "severest": ("severest so far", "取最严结果"),
    "parameters": ("parameters", "参数"),
    "default": ("default", "默认值"),
    "given": ("parameters given", "给定参数"),
    "action": ("action", "动作"),
    "actions": ("actions", "动作"),
    "on_outcome": ("actions by outcome", "按结果执行的动作"),
    "missing": ("takes the missing value", "包含缺失"),
    "otherwise": ("takes the rest", "包含其余"),
    "low": ("lower bound", "下界"),
    "high": ("upper bound", "上界"),
    "below": ("bound", "界限"),
}


def noun(record: msgspec.Struct) -> Words:
    """What a declaration is called."""
    name = type(record).__name__
    return NOUNS.get(name, (name.lower(), name))


def key_words(key: str) -> Words:
    """What a key is called; the key itself where it has no other words."""
    return _KEYS.get(key, (f"`{key}`", f"`{key}`"))


def value_words(value: Any) -> Words:
    """A value as it is written, shortened; nothing is "nothing"."""
    if value is None or value == "" or (isinstance(value, tuple | dict | list) and not value):
        return "nothing", "无"
    if isinstance(value, bool):
        return ("yes", "是") if value else ("no", "否")
    text = value if isinstance(value, str) else written(value)
    text = text if len(text) <= 200 else text[:199] + "…"
    return (f"`{text}`",) * 2 if not isinstance(value, int | float) else (text, text)


def written(value: Any) -> str:
    """Any part of a policy in one line."""
    if isinstance(value, msgspec.Struct):
        kept = [(f.name, getattr(value, f.name)) for f in msgspec.structs.fields(value)]
        return (
            "{"
            + ", ".join(f"{name}: {written(each)}" for name, each in kept if each not in ("", None, (), {}, False))
            + "}"
        )
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(written, value)) + "]"
    return plain_text(value)
