package main

const projectYAML = `connections:
  lingxing:
    type: lingxing
    url: "${LINGXING_URL}"
    app_id: "${LINGXING_APP_ID}"
    secret: "${LINGXING_SECRET}"
    timeout: 1500ms
    rate: {per_second: 500}
  kingdee:
    type: kingdee
    url: "${KINGDEE_URL}"
    acct_id: "${KINGDEE_ACCT_ID}"
    user: "${KINGDEE_USER}"
    app_id: "${KINGDEE_APP_ID}"
    secret: "${KINGDEE_SECRET}"
    password: "${KINGDEE_PASSWORD}"
    timeout: 1500ms
    rate: {per_second: 500, in_flight: %d}
    auth: %s
state: .pipectl
`

// theirOrders is how both pipelines begin: every order of the source, and its shop.
const theirOrders = `source:
  connection: lingxing
  object: orders
  params: {order_status: [Unshipped, PartiallyShipped, Shipped, Canceled]}
  cursor: {field: gmt_modified, lookback: 10m, start: 2020-01-01T00:00:00+08:00}
  reread: {every: 6h, window: 10d}
key: [sid, amazon_order_id]
steps:
  - let:
      lines: filter(detail.item_list, .quantity_ordered > 0)
      day: day(purchase_date_utc, "Asia/Shanghai")
  - where: order_status != "Canceled"
  - lookup: shop
    table: shop
    match: {sid: sid}
    missing: hold
`

// billsYAML numbers the documents itself: the target refuses a second one of a number. Customers are
// created as they are needed, and documents go through all stages.
const billsYAML = `name: bills
` + theirOrders + `  - let:
      customer_id: text("CRASH-", sid)
  - lookup: customer
    connection: kingdee
    object: BD_Customer
    match:
      FNumber: customer_id
      FUseOrgId.FNumber: shop.org
      const: {FDocumentStatus: C, FForbidStatus: A}
    missing: create
    create:
      map:
        const: {FTRADINGCURRID.FNumber: PRE001}
        FCreateOrgId.FNumber: shop.org
        FUseOrgId.FNumber: shop.org
        FNumber: customer_id
        FName: shop.name
      then: [submit, audit]
  - lookup: material
    each: {line: lines}
    connection: kingdee
    object: BD_MATERIAL
    match:
      FNumber: line.sku
      FUseOrgId.FNumber: shop.org
      const: {FDocumentStatus: C, FForbidStatus: A}
    fields: {unit: FBaseUnitId.FNumber}
    missing: hold
  - map:
      const: {FBillTypeID.FNumber: XSDD01_SYS}
      FBillNo: text(sid, "-", amazon_order_id)
      FDate: day
      FSaleOrgId.FNumber: shop.org
      FCustId.FNumber: customer_id
      FLinkMan: filled(buyer_name)
      FSaleOrderFinance.FIsIncludedTax: true
      FSaleOrderFinance.FSettleCurrId.FNumber: shop.currency
      FSaleOrderEntry:
        each: {line: lines}
        const: {FRowType: Standard}
        FMaterialId.FNumber: line.sku
        FUnitID.FNumber: line.material.unit
        FQty: line.quantity_ordered
        FTaxPrice: round(line.item_price_amount / line.quantity_ordered, 6)
        FEntryTaxRate: 0
        FIsFree: line.item_price_amount == 0
        FDeliveryDate: day
  - validate:
      - rule: len(FSaleOrderEntry) > 0
        message: the order has no lines
target:
  connection: kingdee
  object: SAL_SaleOrder
  key: FBillNo
  then: [submit, audit]
  mark: F_PIPECTL_MARK
  batch: %d
  changed: reopen
  withdrawn: cancel
retry: [5m, 5m, 5m]
`

// numberedYAML leaves the numbers to the target and finds its documents by a field that nothing
// guards there: a second document of a key is taken without a word.
const numberedYAML = `name: numbered
` + theirOrders + `  - map:
      const:
        FBillTypeID.FNumber: XSDD01_SYS
        FCustId.FNumber: CUST-RETAIL
      FNetOrderBillNo: text("N-", sid, "-", amazon_order_id)
      FDate: day
      FSaleOrgId.FNumber: shop.org
      FLinkMan: filled(buyer_name)
      FSaleOrderFinance.FIsIncludedTax: true
      FSaleOrderFinance.FSettleCurrId.FNumber: shop.currency
      FSaleOrderEntry:
        each: {line: lines}
        const: {FRowType: Standard, FUnitID.FNumber: Pcs}
        FMaterialId.FNumber: line.sku
        FQty: line.quantity_ordered
        FTaxPrice: round(line.item_price_amount / line.quantity_ordered, 6)
        FEntryTaxRate: 0
        FIsFree: line.item_price_amount == 0
        FDeliveryDate: day
  - validate:
      - rule: len(FSaleOrderEntry) > 0
        message: the order has no lines
target:
  connection: kingdee
  object: SAL_SaleOrder
  key: FNetOrderBillNo
  batch: %d
  changed: update
  withdrawn: delete
retry: [5m, 5m, 5m]
`

// goodsYAML reads everything each time, so that it sees what is gone; its documents stop half way, and
// are taken back from there.
const goodsYAML = `name: goods
source:
  connection: lingxing
  object: products
key: [sku]
steps:
  - where: sku startsWith "CRASH-"
  - map:
      const: {FTRADINGCURRID.FNumber: PRE001, FCreateOrgId.FNumber: "100", FUseOrgId.FNumber: "100"}
      FNumber: text("P-", sku)
      FName: product_name
target:
  connection: kingdee
  object: BD_Customer
  key: FNumber
  then: [submit]
  batch: %d
  changed: reopen
  withdrawn: delete
retry: [5m, 5m, 5m]
`
