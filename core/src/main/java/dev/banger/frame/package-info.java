/**
 * The frame protocol (docs/protocol.md): the codec that the client's door and the guest channel share.
 *
 * <p>May depend on: api.
 */
@NullMarked
package dev.banger.frame;

import org.jspecify.annotations.NullMarked;
