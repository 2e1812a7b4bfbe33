"""WeChat Pay, API v3, as an ordinary merchant: QR code (Native) and inside WeChat (JSAPI)."""
