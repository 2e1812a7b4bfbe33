// Inside WeChat: opens its pay sheet with what the server has prepared (pay.weixin.qq.com/doc/v3/merchant/4012791857).
// What it answers is only shown: whether money came, WeChat Pay tells the server.
(() => {
  "use strict";

  const button = document.querySelector("[data-wechat-pay]");
  const said = document.getElementById("wechat-said");
  if (!button || !said) return;

  function whenReady(act) {
    if (typeof WeixinJSBridge === "object") return act();
    document.addEventListener("WeixinJSBridgeReady", act, { once: true });
  }

  function pay() {
    said.textContent = "";
    WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.wechatPay), (answer) => {
      const how = answer && answer.err_msg;
      if (how === "get_brand_wcpay_request:ok") location.replace(button.dataset.done);
      else if (how === "get_brand_wcpay_request:cancel") said.textContent = button.dataset.canceled;
      else said.textContent = button.dataset.failed;
    });
  }

  button.addEventListener("click", () => whenReady(pay));
  whenReady(pay);
})();
