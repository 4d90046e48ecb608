"""Fields about the loan and its money: what is asked, agreed, drawn, spent and paid back."""

from __future__ import annotations

from zhiyu.events.vocabulary.terms import term

MOST = "100000000"
MONEY = (
    term("application", "string", "application|申请", "number of the application|申请编号", entity="application"),
    term("contract", "string", "contract|合同", "number of the credit contract|授信或借款合同编号", entity="contract"),
    term("product", "string", "product|产品", "which product of the lender|贷款产品"),
    term("amount", "money", "amount|金额", "the money this event is about|本事件涉及的金额", min=0, max=MOST),
    term("purpose", "enum", "purpose|用途", "what the money is for, as given|填报的借款用途",
         values=("daily", "renovation", "education", "medical", "travel", "vehicle", "wedding", "business", "other")),
    term("term_months", "int", "term|期限", "how long the loan runs|借款期限", unit="months", min=1, max=360),
    term("instalments", "int", "instalments|分期数", "in how many parts it is paid|分期期数", min=1, max=360),
    term("limit_amount", "money", "credit limit|授信额度", "credit limit after this event|本事件后的授信额度", min=0, max=MOST),
    term("limit_before", "money", "limit before|原额度", "credit limit until now|本事件前的授信额度", min=0, max=MOST),
    term("available_limit", "money", "available limit|可用额度", "what may still be drawn, before this event|本事件前的可用额度", min=0, max=MOST),
    term("rate_year", "number", "rate per year|年利率", "interest of a year as a share: 0.18 is 18 %|以小数表示的年利率，0.18 即 18%", digits=6, min=0, max=10),
    term("asked_by", "enum", "asked by|发起方", "who asked for it|由谁发起", values=("customer", "lender", "court")),
    term("granted", "bool", "granted|是否同意", "whether it was agreed to|是否获准"),
    term("lenders_30d", "int", "lenders asked in 30 days|近 30 天多头机构数", "how many lenders asked about the person in 30 days, by the bureau|征信显示近 30 天查询过此人的机构数", min=0, max=1000),
    term("debt_total", "money", "debt elsewhere|外部负债", "what the person owes elsewhere, by the bureau|征信显示的外部负债", min=0, max=MOST),
    term("bureau_score", "int", "bureau score|征信评分", "score of the credit bureau|征信机构评分", min=0, max=1000),
    term("draw_down", "string", "draw-down|借据", "number of the draw-down|借据编号", entity="draw_down"),
    term("merchant", "string", "merchant|商户", "who is paid|收款商户", entity="merchant"),
    term("merchant_category", "string", "merchant category|商户类别", "four digits of ISO 18245|四位商户类别码（ISO 18245）"),
    term("terminal", "string", "terminal|终端", "terminal or shop page the payment was made at|支付终端或店铺页面", entity="terminal"),
    term("payee", "string", "payee|收款账户", "token of the account that receives the money|收款账户的令牌", entity="payee"),
    term("payee_name", "string", "payee's name|收款人姓名", "name on the receiving account|收款账户户名", personal=True, mask="name", normalise=("trim", "spaces")),
    term("payee_card", "card", "payee's card|收款卡", "card that receives the money|收款银行卡", entity="card"),
    term("payee_bank", "string", "payee's bank|收款银行", "short name of the receiving bank|收款银行简称"),
    term("payee_is_self", "bool", "to an own account|转给本人", "the receiving account is in the customer's own name|收款账户户名为客户本人"),
    term("paid_by", "enum", "paid by|支付方式", "from which pocket a payment is made|支付资金来源", values=("credit", "balance", "card", "instalment")),
    term("bill", "string", "bill|账单", "number of the bill or instalment|账单或期次编号", entity="bill"),
    term("due_time", "time", "due|到期时间", "when it has to be paid|应还时间", timezone="Asia/Shanghai"),
    term("due_amount", "money", "amount due|应还金额", "what has to be paid|应还金额", min=0, max=MOST),
    term("days_overdue", "int", "days overdue|逾期天数", "days since it was due|自应还日起的天数", unit="days", min=0, max=36500),
    term("repaid_by", "enum", "repaid by|还款方式", "how the money came back|还款方式",
         values=("auto_debit", "active", "transfer", "another_person", "collection")),
    term("principal", "money", "principal|本金", "part of the amount that is principal|其中本金", min=0, max=MOST),
    term("interest", "money", "interest|利息", "part of the amount that is interest|其中利息", min=0, max=MOST),
    term("fee", "money", "fee|费用", "part of the amount that is fees|其中费用", min=0, max=MOST),
    term("relief_kind", "enum", "kind of relief|减免方式", "what is waived or put off|减免或延期的方式",
         values=("waive_interest", "waive_fee", "waive_principal", "extension", "restructure")),
    term("hardship", "enum", "hardship|困难原因", "why the customer cannot pay, as given|客户陈述的困难原因",
         values=("illness", "unemployment", "disaster", "family", "none", "other")),
)  # fmt: skip
"""What it is about, in money."""
