"""The terms of a purchase order: numbered clauses in both languages, filled with the figures of the order.

They are part of the frozen order, not of its template: an issued order keeps the words it was issued with. The Chinese
and the English of a clause must say the same; counsel reviews both before a new edition is used.
"""

from __future__ import annotations

from collections.abc import Mapping

from c2b.purchasing.snapshot import Clause, Text

_CLAUSES: tuple[tuple[str, Text, Text], ...] = (
    (
        "acknowledgment",
        Text("Acknowledgment", "订单确认"),
        Text(
            "The seller acknowledges or rejects this order by {validity}, signed or sealed and stating the revision. "
            "Without an answer by then the order has expired; silence is not acceptance. Only the last acknowledged "
            "revision binds both parties.",
            "供方应于{validity}前签字或盖章确认或拒绝本订单，并注明版次。逾期未答复，本订单失效；沉默不视为接受。"
            "仅最后一次经确认的版次对双方具有约束力。",
        ),
    ),
    (
        "quantity",
        Text("Quantity", "数量"),
        Text(
            "Tolerance for over- and under-delivery is 0. Every unit of the unit list is delivered once and labeled "
            "with its unit id. Spare units without personalization, {spare_units} in number ({spare_percent} %), are "
            "delivered with the goods, packed separately and free of charge.",
            "溢短装允差为0。单台清单所列每一台均须交付一次，并贴有对应的单台编号。另随货交付不含个性化内容的备品"
            "{spare_units}台（{spare_percent}%），单独包装，不另计价。",
        ),
    ),
    (
        "specification",
        Text("Specification and golden sample", "规格与封样"),
        Text(
            "The goods conform to the frozen specification identified by its SHA-256 on page 1 and to the signed "
            "golden sample {golden_sample}. Mass production starts after both parties have signed the sample.",
            "货物应符合首页SHA-256所标识的已冻结规格及双方签署的封样{golden_sample}。双方签样后方可开始量产。",
        ),
    ),
    (
        "inspection",
        Text("Inspection and acceptance", "检验与验收"),
        Text(
            "Lots are inspected before shipment under the sampling plan of this order. Personalization, color and "
            "configuration of every unit are checked 100 % against the unit list. A rejected lot is sorted and "
            "reworked by the seller, who bears the cost of re-inspection. Inspection does not end the liability for "
            "hidden defects.",
            "货物出运前按本订单抽样方案检验；每台的个性化内容、颜色与配置按单台清单100%核对。判退批由供方分选返工，"
            "复检费用由供方承担。检验合格不免除供方对隐蔽缺陷的责任。",
        ),
    ),
    (
        "changes",
        Text("Changes", "变更"),
        Text(
            "Changes of specification, quantity, price, date or material need a written change order and a new "
            "revision. Materials are not substituted without the buyer's prior written consent.",
            "规格、数量、价格、交期或材料的变更须以书面变更单及新版次为准。未经需方事先书面同意，不得替换材料。",
        ),
    ),
    (
        "delivery",
        Text("Delivery and delay", "交付与延期"),
        Text(
            "The seller reports a foreseeable delay at once with cause and new date. For each day of delay beyond the "
            "latest date the seller pays liquidated damages of {damages_per_day} % of the price of the goods delayed, "
            "at most {damages_cap} %. Beyond the cap the buyer may rescind the order for the goods not delivered.",
            "预计延期时，供方应立即告知原因及新交期。逾期交付的，每逾期一日，供方按延迟货物价款的{damages_per_day}%"
            "支付违约金，累计不超过{damages_cap}%；超过上限的，需方可就未交付货物解除订单。",
        ),
    ),
    (
        "warranty",
        Text("Warranty", "质保"),
        Text(
            "The seller warrants the goods for {warranty_months} months from delivery to the consumer and repairs, "
            "replaces or refunds at the buyer's choice. Statutory rights are not limited.",
            "质保期自交付消费者之日起{warranty_months}个月，由需方选择修理、更换或退款。法定权利不受限制。",
        ),
    ),
    (
        "tooling",
        Text("Tooling and one-off engineering", "模具与一次性工程费"),
        Text(
            "One-off engineering (NRE) is charged once. Tools, fixtures, artwork and color standards paid for under "
            "this order become the buyer's property on full payment, are used for its orders only and are returned "
            "on request.",
            "一次性工程费（NRE）仅收取一次。本订单项下付清费用的模具、工装、图稿及色板归需方所有，仅用于需方订单，"
            "并应需方要求返还。",
        ),
    ),
    (
        "subcontracting",
        Text("Subcontracting", "转包"),
        Text(
            "Production is not subcontracted, in whole or in part, without the buyer's prior written consent.",
            "未经需方事先书面同意，供方不得将生产全部或部分转包。",
        ),
    ),
    (
        "compliance",
        Text("Compliance and certificates", "合规与认证"),
        Text(
            "The goods comply with the mandatory standards of the place of sale, including restricted substances. "
            "Valid certificates are presented before shipment: {certificates}. No shipment without them.",
            "货物应符合销售地强制性标准（含有害物质限制要求）。出运前须提交有效认证文件：{certificates}；"
            "未提交者不得出运。",
        ),
    ),
    (
        "packing",
        Text("Packing and marking", "包装与标识"),
        Text(
            "Retail packing per unit, export-grade master cartons. Cartons are marked with order number, revision, "
            "line, quantity, weights and the range of unit ids; product markings as required by law, in Chinese.",
            "每台独立零售包装，外箱满足运输要求。外箱标注订单号、版次、行号、数量、重量及单台编号区间；"
            "产品标识按法律要求以中文标注。",
        ),
    ),
    (
        "data",
        Text("Confidentiality and personal content", "保密与个性化内容"),
        Text(
            "This order names no consumer; unit ids are opaque and must not be traced. Engravings and images of the "
            "unit list are used for production only and deleted 30 days after delivery.",
            "本订单不含消费者个人信息；单台编号不具可识别性，供方不得追溯。单台清单中的刻字与图案仅限生产使用，"
            "并于交付后30日内删除。",
        ),
    ),
    (
        "precedence",
        Text("Order of precedence", "文件优先顺序"),
        Text(
            "In case of conflict: this purchase order, then the quality terms, then the frozen specification, then "
            "the quotation {quotation}. The seller's own forms and general terms do not apply.",
            "文件冲突时按以下顺序适用：本采购订单、质量条款、已冻结规格、报价单{quotation}。供方的格式文本及通用条款"
            "不适用。",
        ),
    ),
    (
        "law",
        Text("Language and governing law", "语言与适用法律"),
        Text(
            "Both language versions are equally issued; if they differ the Chinese version prevails. The law of the "
            "People's Republic of China applies; disputes go to the competent court at the buyer's seat.",
            "本订单以中英文同时下达，两种文本不一致时以中文为准。本订单适用中华人民共和国法律，争议由需方所在地有管辖权的"
            "人民法院管辖。",
        ),
    ),
)


def standard_clauses(figures: Mapping[str, str | Text]) -> tuple[Clause, ...]:
    """The clauses with their placeholders filled. Raises ``KeyError`` when a figure is missing."""
    values = {name: Text.of(value) if isinstance(value, str) else value for name, value in figures.items()}
    english = {name: value.en for name, value in values.items()}
    chinese = {name: value.zh for name, value in values.items()}
    return tuple(
        Clause(code=code, title=title, body=Text(body.en.format_map(english), body.zh.format_map(chinese)))
        for code, title, body in _CLAUSES
    )
