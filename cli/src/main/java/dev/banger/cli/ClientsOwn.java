package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;

/** A command that the native client runs by itself, since it is about the daemon's own end; here only its help is. */
abstract class ClientsOwn extends Leaf {
    ClientsOwn(Session session) {
        super(session);
    }

    @Override
    public final Integer call() {
        throw new BangerException(
                ErrorCode.INVALID_ARGUMENT,
                "the daemon cannot do this to itself; give the command to banger in just these words");
    }
}
