"""A server of HTTPS that answers as ntfy does and tells each JSON that is posted to it, after its port."""

import argparse
import json
import ssl
from http.server import BaseHTTPRequestHandler, HTTPServer

options = argparse.ArgumentParser()
options.add_argument("--certificate", required=True)
options.add_argument("--key", required=True)
given = options.parse_args()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        print(json.dumps(body), flush=True)
        answer = json.dumps({"id": "x", "event": "message"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(given.certificate, given.key)
# Each connection shakes hands when it is served, so that one that breaks off does not end the server.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
