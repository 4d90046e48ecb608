"""Fields about devices, sessions, places and identity steps."""

from __future__ import annotations

from zhiyu.events.vocabulary.terms import term

DEVICES = (
    term("device", "string", "device|设备", "stable number of the device|设备的稳定编号", entity="device"),
    term("device_model", "string", "device model|设备型号", "maker and model|厂商与型号"),
    term("os", "enum", "operating system|操作系统", "operating system of the device|设备的操作系统",
         values=("android", "ios", "harmony", "windows", "macos", "linux", "other")),
    term("app_version", "string", "app version|应用版本", "version of the lender's app|贷款机构应用的版本号"),
    term("session", "string", "session|会话", "number of the session the event belongs to|事件所属会话编号", entity="session"),
    term("channel", "enum", "channel|渠道", "through which door the customer came|客户进入的渠道",
         values=("app", "web", "mini_program", "store", "phone", "partner")),
    term("ip", "ip", "IP address|IP 地址", "public address the request came from|请求来源的公网地址", entity="ip"),
    term("wifi", "string", "wireless network|无线网络", "hash of the access point the device is on|所连接入点的哈希", entity="wifi"),
    term("place", "geo", "place|位置", "where the device is, latitude and longitude|设备所在的纬度与经度"),
    term("place_city", "string", "city of the place|所在城市", "six digits of GB/T 2260 of the city the device is in|设备所在城市的六位行政区划代码"),
    term("emulator", "bool", "emulator|模拟器", "the device is an emulated one|设备是模拟器"),
    term("rooted", "bool", "rooted|已越狱或取得最高权限", "system protection of the device is off|设备系统保护已被解除"),
    term("proxy", "bool", "proxy or VPN|代理或 VPN", "the connection goes through a proxy or VPN|连接经过代理或 VPN"),
    term("remote_control", "bool", "screen shared or remote-controlled|屏幕共享或被远程控制", "another device sees or steers the screen|另一设备可见或可操作本机屏幕"),
    term("on_call", "bool", "on a call|通话中", "a telephone call is open during the session|会话期间正在通话"),
    term("duration_s", "number", "duration|时长", "how long the session, form or call took|会话、填写或通话的时长", digits=3, unit="s", min=0, max=604800),
    term("pasted_fields", "int", "pasted fields|粘贴填写项数", "how many fields of the form were pasted|表单中粘贴填写的项数", min=0, max=200),
    term("login_method", "enum", "log-in method|登录方式", "how the customer proved to be the customer|登录验证方式",
         values=("password", "sms", "face", "fingerprint", "one_tap", "other")),
    term("succeeded", "bool", "succeeded|是否成功", "whether it worked|操作是否成功"),
    term("tries", "int", "tries|尝试次数", "how many tries it took, this one counted|含本次在内的尝试次数", min=0, max=1000),
    term("step", "enum", "identity step|核身步骤", "which proof of identity was asked for|要求的身份核验方式",
         values=("document", "face", "phone", "card_four", "questionnaire", "call_back")),
    term("passed", "bool", "passed|是否通过", "whether the step was passed|核验是否通过"),
    term("similarity", "number", "similarity|相似度", "how alike face and document are, 0 to 1|人脸与证件的相似度，0 到 1", digits=4, min=0, max=1),
    term("liveness", "number", "liveness|活体分", "how surely a living person stood there, 0 to 1|活体检测得分，0 到 1", digits=4, min=0, max=1),
    term("name_matches", "bool", "name matches|姓名一致", "card check: the name is that of the card's holder|四要素核验：姓名与持卡人一致"),
    term("id_matches", "bool", "identity number matches|证件号一致", "card check: the identity number is that of the card's holder|四要素核验：证件号与持卡人一致"),
    term("phone_matches", "bool", "phone matches|手机号一致", "card check: the phone is the one the bank knows|四要素核验：手机号与银行预留一致"),
    term("card_matches", "bool", "card matches|卡号有效", "card check: the card exists and is open|四要素核验：卡号存在且状态正常"),
    term("document_until", "time", "document valid until|证件有效期至", "last day of the identity document|身份证件的有效期截止日", timezone="Asia/Shanghai"),
    term("change", "enum", "what changes|变更项", "which part of the account changes|账户变更的内容",
         values=("phone", "card", "password", "device", "address", "email", "contact", "name", "close")),
    term("phone_before", "phone", "phone before|原手机号", "the customer's number until now|变更前的手机号", entity="phone"),
    term("card_before", "card", "card before|原银行卡", "the customer's card until now|变更前的银行卡", entity="card"),
)  # fmt: skip
"""From where, and how it was proved."""
