"""Every type of event of the vocabulary, in the order of a loan's life.

In: nothing. Out: `TYPES`, name → `Word`; `STAGES` with their names for people. `decide: true` where the lender can still say no.
"""

from __future__ import annotations

from zhiyu.events.vocabulary.terms import Word

STAGES = {
    "before": ("before lending", "贷前"),
    "during": ("during lending", "贷中"),
    "after": ("after lending", "贷后"),
    "service": ("service", "服务"),
    "known": ("what becomes known", "反馈"),
}
_SESSION = "device device_model os app_version session channel ip wifi place place_city emulator rooted proxy remote_control on_call duration_s"
_PERSON = (
    "id_number person_name phone email card card_bank contact_phone contact_relation second_contact_phone address city employer "
    "employer_phone occupation education marital income_month"
)


def _word(
    name: str, stage: str, named: str, says: str, required: str, optional: str = "", money: str = "", decide: bool = False
) -> Word:  # fmt: skip
    en, zh = named.split("|")
    says_en, says_zh = says.split("|")
    return Word(name, stage, en, zh, says_en, says_zh, tuple(required.split()), tuple(optional.split()), money, decide)


_WORDS = (
    _word("person", "before", "person|客户资料", "what is known about a customer, when it becomes known or changes|客户资料的建立或更新",
          "customer", f"{_PERSON} partner campaign"),
    _word("device_session", "before", "device session|设备会话", "a device opens a session, before anybody logs in|设备建立会话，尚未登录",
          "device", f"customer {_SESSION.removeprefix('device ')}"),
    _word("registration", "before", "registration|注册", "somebody becomes a customer|注册成为客户",
          "customer", f"phone email {_SESSION} partner campaign", decide=True),
    _word("log_in", "before", "log-in|登录", "a customer logs in, or tries to|客户登录或尝试登录",
          "customer", f"{_SESSION} login_method succeeded tries phone", decide=True),
    _word("identity_step", "before", "identity step|身份核验", "document, face, phone or bank-card check (name, number, phone, card)|证件、人脸、手机或银行卡四要素核验",
          "customer step", f"id_number phone card passed similarity liveness tries name_matches id_matches phone_matches card_matches document_until {_SESSION}"),
    _word("application", "before", "application|贷款申请", "a customer asks for credit|客户申请授信或贷款",
          "customer amount", f"application product purpose term_months {_PERSON} {_SESSION} pasted_fields partner campaign lenders_30d debt_total bureau_score",
          money="amount", decide=True),
    _word("contract", "before", "contract|签约", "a credit contract is signed|签订授信合同",
          "customer limit_amount", f"contract application product rate_year term_months {_SESSION}", money="limit_amount"),
    _word("limit_price", "before", "limit and price|额度与定价", "limit and rate are set|设定额度与利率",
          "customer limit_amount rate_year", "contract product limit_before asked_by", money="limit_amount"),
    _word("limit_adjustment", "during", "limit adjustment|额度调整", "the limit shall change; the amount is the new limit|调整额度，金额为调整后的额度",
          "customer amount", f"contract product limit_before asked_by granted income_month {_SESSION}", money="amount", decide=True),
    _word("account_change", "during", "account change|账户变更", "phone, card, password, device or address of an account change|变更手机、银行卡、密码、设备或地址",
          "customer change", f"phone phone_before card card_before contact_phone address email {_SESSION}", decide=True),
    _word("draw_down", "during", "draw-down|借款支用", "a customer draws money|客户支用借款",
          "customer amount", f"draw_down contract product purpose term_months card card_bank available_limit payee payee_is_self {_SESSION}", money="amount", decide=True),
    _word("payment", "during", "payment|支付", "a customer pays a merchant|客户向商户支付",
          "customer amount", f"merchant merchant_category terminal paid_by instalments contract card available_limit {_SESSION}", money="amount", decide=True),
    _word("transfer", "during", "transfer|转账", "a customer sends money to an account|客户向账户转账",
          "customer amount", f"payee payee_name payee_card payee_bank payee_is_self paid_by available_limit {_SESSION}", money="amount", decide=True),
    _word("repayment", "during", "repayment|还款", "money comes back|还款入账",
          "customer amount", "bill contract draw_down repaid_by card principal interest fee due_time due_amount days_overdue channel device", money="amount"),
    _word("overdue", "after", "overdue|逾期", "a bill is overdue, told on the days the lender counts|账单逾期，按机构规定的日期上报",
          "customer due_amount", "bill contract draw_down due_time days_overdue principal interest fee", money="due_amount"),
    _word("relief", "after", "relief|减免与延期", "a waiver or an extension is asked for or granted|申请或给予减免、延期",
          "customer amount relief_kind", "contract bill asked_by granted hardship represented other_phone due_time days_overdue channel device ip", money="amount"),
    _word("collection_contact", "after", "collection contact|催收联系", "the lender reminds or collects|贷款机构提醒或催收",
          "customer", "bill contract other_phone staff contact_result is_customer days_overdue due_amount amount due_time duration_s message_kind", money="due_amount"),
    _word("call_in", "service", "call in|来电", "somebody calls the lender|客户来电",
          "other_phone", "customer staff topic duration_s answered is_customer wording represented"),
    _word("call_out", "service", "call out|外呼", "the lender calls|贷款机构外呼",
          "customer", "other_phone staff topic duration_s answered is_customer wording contact_result"),
    _word("message", "service", "message|消息", "a message is sent or comes in|收发消息",
          "customer message_kind", "incoming template other_phone email topic wording"),
    _word("complaint", "service", "complaint|投诉", "a customer complains; the amount is what is asked for|客户投诉，金额为诉求金额",
          "customer", "complaint complaint_by demand amount topic wording represented other_phone contract channel device ip days_overdue", money="amount", decide=True),
    _word("report", "known", "label|标签", "what an earlier event turned out to be|对此前事件的认定结果",
          "about finding", "about_type customer device id_number phone card ip merchant payee partner employer contact_phone fraud_kind loss found_by", money="loss"),
    _word("list_change", "known", "list change|名单变更", "a value is put on a list or taken off|名单取值的加入或移出",
          "list_name list_op list_value", "list_field list_until list_reason staff"),
)  # fmt: skip

TYPES: dict[str, Word] = {each.name: each for each in _WORDS}
"""Name → type."""
