"""Fields about people: who they are, how they are reached, where they work."""

from __future__ import annotations

from zhiyu.events.vocabulary.terms import term

PEOPLE = (
    term("customer", "string", "customer|客户", "the lender's number of the customer|贷款机构内部的客户编号", entity="customer"),
    term("id_number", "id_number", "identity number|身份证号", "citizen identity number of the customer|客户的公民身份号码", entity="person"),
    term("person_name", "string", "name|姓名", "name as on the identity card|与身份证一致的姓名", personal=True, mask="name", normalise=("trim", "spaces")),
    term("phone", "phone", "phone|手机号", "the customer's own mobile number|客户本人的手机号码", entity="phone"),
    term("email", "email", "e-mail|电子邮箱", "the customer's e-mail address|客户的电子邮箱", entity="email"),
    term("card", "card", "bank card|银行卡", "the customer's own bank card: pay-outs go to it, repayments come from it|客户本人银行卡，用于收款和还款", entity="card"),
    term("card_bank", "string", "bank of the card|发卡银行", "short name of the bank that issued the card|发卡银行简称"),
    term("contact_phone", "phone", "contact's phone|联系人手机号", "mobile number of the first emergency contact|第一紧急联系人的手机号码", entity="phone"),
    term("contact_relation", "enum", "relation of the contact|联系人关系", "what the first contact is to the customer|第一联系人与客户的关系",
         values=("parent", "spouse", "child", "sibling", "friend", "colleague", "other")),
    term("second_contact_phone", "phone", "second contact's phone|第二联系人手机号", "mobile number of the second emergency contact|第二紧急联系人的手机号码", entity="phone"),
    term("address", "string", "home address|居住地址", "where the customer lives, in one spelling|客户居住地址，统一写法", entity="address", personal=True, mask="address",
         normalise=("trim", "spaces")),
    term("city", "string", "home city|居住城市", "six digits of GB/T 2260 of the city the customer lives in|居住城市的六位行政区划代码（GB/T 2260）"),
    term("employer", "string", "employer|工作单位", "name of the employer as given|填报的工作单位名称", entity="employer", normalise=("trim", "spaces")),
    term("employer_phone", "phone", "employer's phone|单位电话", "telephone of the employer as given|填报的单位电话", entity="phone"),
    term("occupation", "enum", "occupation|职业", "what the customer does for a living|客户的职业类别",
         values=("office", "worker", "service", "driver", "courier", "self_employed", "civil_servant", "teacher", "medical", "student",
                 "retired", "farmer", "unemployed", "other")),
    term("education", "enum", "education|学历", "highest education|最高学历", values=("primary", "secondary", "college", "bachelor", "master", "doctor")),
    term("marital", "enum", "marital status|婚姻状况", "marital status as given|填报的婚姻状况", values=("single", "married", "divorced", "widowed")),
    term("income_month", "money", "monthly income|月收入", "income of a month as given|填报的每月收入", min=0, max="10000000"),
    term("partner", "string", "partner|合作方", "agent, shop or platform that brought the customer|带来客户的代理人、门店或平台", entity="partner"),
    term("campaign", "string", "campaign|营销活动", "marketing campaign the customer came through|客户来自的营销活动"),
)  # fmt: skip
"""Who it is about."""
