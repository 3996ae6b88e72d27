"""A mail server that tells each mail that it takes as a line of JSON, after its port on the first line."""

import argparse
import asyncio
import json
import ssl
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

options = argparse.ArgumentParser()
options.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
options.add_argument("--certificate")
options.add_argument("--key")
options.add_argument("--login", help="USER:PASSWORD, without which nothing is taken")
options.add_argument("--only", help="the one mechanism of a login that is offered")
options.add_argument("--refuse", action="append", default=[], help="ADDRESS=ANSWER to RCPT")
options.add_argument("--sender", help="the answer to MAIL")
options.add_argument("--text", help="the answer to the mail itself")
given = options.parse_args()


def tell(what):
    print(what, flush=True)


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if given.sender:
            return given.sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        for refused in given.refuse:
            who, answer = refused.split("=", 1)
            if who == address:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if given.text:
            return given.text
        mail = message_from_bytes(envelope.content, policy=policy.default)
        tell(
            json.dumps(
                {
                    "sender": envelope.mail_from,
                    "receivers": envelope.rcpt_tos,
                    "headers": {name.lower(): str(value) for name, value in mail.items()},
                    "text": mail.get_content(),
                    "defects": [str(defect) for defect in mail.defects],
                    "longest": max(map(len, envelope.content.split(b"\r\n"))),
                    "bare": envelope.content.replace(b"\r\n", b"").count(b"\n"),
                    "encrypted": session.ssl is not None or given.tls == "implicit",
                    "login": getattr(session.auth_data, "login", b"").decode(),
                }
            )
        )
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    user, password = given.login.split(":", 1)
    known = (data.login, data.password) == (user.encode(), password.encode())
    return AuthResult(success=known, handled=False, auth_data=data)


def protocol(context):
    return SMTP(
        Handler(),
        hostname="sink",
        ident="sink",
        tls_context=context if given.tls == "starttls" else None,
        require_starttls=given.tls == "starttls",
        authenticator=authenticate if given.login else None,
        auth_required=given.login is not None,
        auth_require_tls=False,
        auth_exclude_mechanism=[each for each in ("PLAIN", "LOGIN") if given.only and each != given.only],
    )


async def serve():
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
    loop = asyncio.get_running_loop()
    implicit = context if given.tls == "implicit" else None
    server = await loop.create_server(lambda: protocol(context), "127.0.0.1", 0, ssl=implicit)
    tell(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(serve())
