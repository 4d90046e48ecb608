"""Fields about calls, messages, collection, complaints, labels and lists."""

from __future__ import annotations

from zhiyu.events.vocabulary.terms import term

FRAUD_KINDS = (
    "batch", "forged", "impersonation", "takeover", "intermediary", "multi_lender", "cash_out", "remote_large", "abnormal_use", "scam_victim",
    "proxy_complaint", "other",
)  # fmt: skip
"""Batch or bot applications, forged information, impersonation, account takeover, intermediaries, several lenders at once, cash-out, odd
remote large loans, abnormal use, victims of telecom scams, complaints by proxy."""

SERVICE = (
    term("other_phone", "phone", "other phone|对方号码", "number at the other end of a call or message|通话或消息对方的号码", entity="phone"),
    term("staff", "string", "staff|坐席", "who of the lender spoke or wrote|贷款机构经办人员", entity="staff"),
    term("topic", "string", "topic|主题", "what it was about, a word of the lender|主题，由机构定义"),
    term("answered", "bool", "answered|是否接通", "whether somebody answered|是否接通"),
    term("is_customer", "bool", "is the customer|是否本人", "whether it was the customer who spoke|是否客户本人"),
    term("wording", "string", "wording|话术指纹", "fingerprint of the wording: equal for the same template|话术指纹，同一模板取值相同", entity="wording"),
    term("message_kind", "enum", "kind of message|消息方式", "how it was sent|发送方式", values=("sms", "push", "email", "in_app", "letter")),
    term("incoming", "bool", "incoming|客户发来", "true when the customer sent it|由客户发来为真"),
    term("template", "string", "template|模板", "which template of the lender|所用模板"),
    term("contact_result", "enum", "result of the contact|联系结果", "what came of it|联系的结果",
         values=("reached", "no_answer", "wrong_number", "promised", "refused", "third_person")),
    term("complaint", "string", "complaint|投诉", "number of the complaint|投诉编号", entity="complaint"),
    term("complaint_by", "enum", "complaint came by|投诉渠道", "how the complaint arrived|投诉到达的渠道",
         values=("phone", "app", "web", "letter", "regulator", "media", "court")),
    term("demand", "enum", "demand|诉求", "what is asked for|投诉诉求", values=("refund", "waiver", "stop_calls", "delete_data", "apology", "explanation", "other")),
    term("represented", "bool", "represented|是否代理", "somebody speaks for the customer|由他人代为提出"),
    term("about", "string", "about event|所涉事件", "id of the event it is about|所涉事件的编号"),
    term("about_type", "string", "type of that event|所涉事件类型", "type of the event it is about|所涉事件的类型"),
    term("finding", "enum", "finding|认定", "what the earlier event turned out to be|对此前事件的认定", values=("fraud", "legit", "credit_loss", "unclear")),
    term("fraud_kind", "enum", "kind of fraud|欺诈类型", "which kind of fraud it was|欺诈的类型", values=FRAUD_KINDS),
    term("loss", "money", "loss|损失", "money lost|损失金额", min=0, max="100000000"),
    term("found_by", "enum", "found by|发现途径", "who found it out|由谁发现", values=("customer", "investigation", "collection", "police", "bureau", "partner", "model")),
    term("list_name", "string", "list|名单", "which list|名单名称"),
    term("list_op", "enum", "operation|操作", "put on the list or taken off|加入或移出", values=("add", "remove")),
    term("list_field", "string", "field of the value|名单字段", "what the value is, a field of this vocabulary|取值对应的字段"),
    term("list_value", "string", "value|名单取值", "the value itself, becomes a token|名单取值，入库即转为令牌", personal=True),
    term("list_until", "time", "until|有效期至", "when the entry ends|条目失效时间", timezone="Asia/Shanghai"),
    term("list_reason", "string", "reason|原因", "why|变更原因"),
)  # fmt: skip
"""What was said, what was found out, what was put on a list."""
