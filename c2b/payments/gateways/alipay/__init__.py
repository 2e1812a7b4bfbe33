"""Alipay, open platform: page pay and QR pay, as an ordinary merchant."""
