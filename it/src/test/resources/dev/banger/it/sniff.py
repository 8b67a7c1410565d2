# Prints each frame that a guest gets and that is not the gateway's, or says that it is hostile. Ends with its stdin.
import select, socket, sys

bridge = bytes.fromhex(sys.argv[1].replace(':', ''))
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind(('eth0', 0))
print('listening', flush=True)
while True:
    ready = select.select([raw, sys.stdin], [], [])[0]
    if raw in ready:
        data, (_, _, kind, _, _) = raw.recvfrom(2048)
        if kind != socket.PACKET_OUTGOING and (data[6:12] != bridge or b'hostile' in data or b'control' in data):
            print(data.hex(), b'control' in data, flush=True)
    elif sys.stdin in ready:
        break
