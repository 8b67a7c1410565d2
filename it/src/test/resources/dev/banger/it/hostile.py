# Sends what a guest should not, from inside a guest. Arguments: gateway, another guest, another address of the host,
# a server beyond it. Prints how many frames of different kinds were sent.
import socket, struct, sys, time

gateway, victim, host, beyond = sys.argv[1:5]
SERVICE = 9999
ALL = b'\xff' * 6
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind(('eth0', 0))
me = raw.getsockname()[4]
honest = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
honest.connect((gateway, 53))
own = honest.getsockname()[0]
# Whose MAC addresses these are: the gateway's is known from the honest packet, the other guest's is made of its id.
honest.send(b'\0' * 12)
time.sleep(1)
known = {line.split()[0]: line.split()[3] for line in open('/proc/net/arp').read().splitlines()[1:]}
mac = lambda text: bytes.fromhex(text.replace(':', ''))
bridge = mac(known[gateway])
other = mac(sys.argv[5])
ip = socket.inet_aton


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def packet(source, target, protocol, payload):
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + ip(source) + ip(target)
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def datagram(source, target, port, sport=4001):
    text = b'hostile-%d' % len(frames)
    return packet(source, target, 17, struct.pack('!HHHH', sport, port, 8 + len(text), 0) + text)


def ping(target):
    body = struct.pack('!BBHHH', 8, 0, 0, 1, 1) + b'hostile'
    return packet(own, target, 1, body[:2] + struct.pack('!H', checksum(body)) + body[4:])


def syn(target, port):
    segment = struct.pack('!HHIIBBHHH', 4001, port, 1, 0, 0x50, 2, 1024, 0, 0)
    pseudo = ip(own) + ip(target) + struct.pack('!BBH', 0, 6, len(segment))
    return packet(own, target, 6, segment[:16] + struct.pack('!H', checksum(pseudo + segment)) + segment[18:])


def frame(target, source, kind, payload):
    frames.append(target + source + struct.pack('!H', kind) + payload)


def arp(target, operation, sender, address, asked):
    frame(target, me, 0x0806, struct.pack('!HHBBH', 1, 0x0800, 6, 4, operation) + sender + ip(address) + ALL + ip(asked))


def routed(payload):
    frame(bridge, me, 0x0800, payload)


frames = []
stranger = mac('02:00:5e:00:00:99')
# somebody else's MAC or address
for source in (stranger, other, bridge, mac('03:00:5e:00:00:01')):
    frame(bridge, source, 0x0800, datagram(own, beyond, SERVICE))
for source in (victim, gateway, host, beyond, '127.0.0.1', '0.0.0.0', '255.255.255.255', '169.254.169.254'):
    routed(datagram(source, beyond, SERVICE))
routed(datagram(gateway, gateway, 53))
# ARP
arp(other, 2, me, gateway, victim)
arp(ALL, 2, me, gateway, gateway)
arp(bridge, 2, me, victim, gateway)
arp(ALL, 1, me, victim, gateway)
arp(bridge, 2, other, own, gateway)
arp(ALL, 1, me, own, victim)
arp(ALL, 1, me, own, host)
# IPv6: router and neighbour advertisements, a datagram to all
local, everybody = bytes.fromhex('fe80' + '00' * 13 + '0a'), bytes.fromhex('ff02' + '00' * 13 + '01')
six = lambda kind, payload: struct.pack('!IHBB', 0x60000000, len(payload), kind, 255) + local + everybody + payload
for kind, payload in ((58, b'\x86\0\0\0@\0\x07\x08' + b'\0' * 8), (58, b'\x88\0\0\0 \0\0\0' + local), (17, b'\x0f\xa1\x27\x0f\0\x0f\0\0hostile')):
    frame(mac('33:33:00:00:00:01'), me, 0x86dd, six(kind, payload))
    frame(bridge, me, 0x86dd, six(kind, payload))
# DHCP, BPDU and other protocols of links
frame(ALL, me, 0x0800, datagram(own, '255.255.255.255', 68, 67))
frame(other, me, 0x0800, datagram(own, victim, 68, 67))
routed(datagram(own, beyond, SERVICE, 67))
frame(ALL, me, 0x0800, datagram('0.0.0.0', '255.255.255.255', 67, 68))
frame(mac('01:80:c2:00:00:00'), me, 39, bytes.fromhex('424203') + b'\0' * 36)
for group, kind in (('01:80:c2:00:00:0e', 0x88cc), ('01:80:c2:00:00:03', 0x888e), ('01:80:c2:00:00:01', 0x8808)):
    frame(mac(group), me, kind, b'hostile')
# VLAN tags
for kind, tag in ((0x8100, 5), (0x8100, 0), (0x88a8, 5)):
    frame(bridge, me, kind, struct.pack('!HH', tag, 0x0800) + datagram(own, beyond, SERVICE))
    frame(other, me, kind, struct.pack('!HH', tag, 0x0800) + datagram(own, victim, SERVICE))
# to the other guest
frame(other, me, 0x0800, datagram(own, victim, SERVICE))
frame(ALL, me, 0x0800, datagram(own, victim, SERVICE))
frame(other, me, 0x88b5, b'hostile')
for payload in (datagram(own, victim, SERVICE), ping(victim), syn(victim, 22)):
    routed(payload)
# to the host and its daemon, metadata services, groups
for target in (gateway, host, '127.0.0.1'):
    for payload in (datagram(own, target, SERVICE), syn(target, SERVICE), ping(target)):
        routed(payload)
routed(datagram(own, host, 53))
for target in ('169.254.169.254', '169.254.1.1', '224.0.0.251', '240.0.0.1', '0.0.0.0'):
    routed(datagram(own, target, SERVICE))
routed(syn('169.254.169.254', 80))
frame(mac('01:00:5e:00:00:fb'), me, 0x0800, datagram(own, '224.0.0.251', 5353))

for each in frames:
    raw.send(each + b'\0' * (60 - len(each)))
    time.sleep(0.005)
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(5):
    control.sendto(b'control', (beyond, SERVICE))
    time.sleep(0.1)
print(len(frames))
