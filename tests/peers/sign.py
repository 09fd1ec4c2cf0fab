"""Signs a request body as Slack does, with Slack's own code: SECRET TIMESTAMP, body on standard input."""

import sys

from slack_sdk.signature import SignatureVerifier

secret, timestamp = sys.argv[1:]
body = sys.stdin.buffer.read().decode()
print(SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body))
