"""An HTTP server for tests: prints its port, then serves until its standard input ends.

    python server.py DIRECTORY REQUESTS

GET /KIND/NAME answers with DIRECTORY/NAME as KIND says, and adds the line "KIND/NAME" to the file REQUESTS.
"""

import http.server
import pathlib
import sys
import threading

directory = pathlib.Path(sys.argv[1])
requests = open(sys.argv[2], "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, name = self.path.strip("/").split("/")
        requests.write(f"{kind}/{name}\n")
        body = (directory / name).read_bytes()
        if kind == "absent":
            return self.send_error(404)
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", f"/good/{name}")
            return self.end_headers()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "truncated":
            body = body[: len(body) // 2]
        if kind == "altered":
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
