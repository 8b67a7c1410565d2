package dev.banger.api;

/**
 * Why a request failed. The name of each constant is part of the API; docs/errors.md lists them.
 *
 * <p>Exit codes: 2 for a request that is wrong in itself, 126 and 127 as a shell gives them, 130 for a cancelled
 * command, 125 for everything else, so that a status below 125 (2 excepted) always is the guest command's own.
 */
public enum ErrorCode {
    /** The request is malformed: a bad name, a number out of range, options that exclude each other. */
    INVALID_ARGUMENT(400, 2),
    /** No such VM, image, kernel or operation. */
    NOT_FOUND(404, 125),
    /** A VM reference that is a prefix of several ids. */
    AMBIGUOUS(409, 125),
    /** The name, address or port is taken. */
    ALREADY_EXISTS(409, 125),
    /** Legal, but not in the state the thing is in: exec on a stopped VM, resize of a running one. */
    WRONG_STATE(409, 125),
    /** Something else depends on it: an image with VMs. */
    IN_USE(409, 125),
    /** The caller may not do this. */
    PERMISSION_DENIED(403, 125),
    /** The host lacks something: a program, a package, a device, memory. */
    PRECONDITION_FAILED(412, 125),
    /** No space, memory or other resource left. */
    RESOURCE_EXHAUSTED(507, 125),
    /** Something did not happen in time. */
    TIMED_OUT(504, 125),
    /** The guest or its agent cannot be reached. */
    GUEST_UNAVAILABLE(503, 125),
    /** The virtual machine monitor failed. */
    VMM_FAILED(502, 125),
    /** A program on the host failed. */
    HOST_COMMAND_FAILED(502, 125),
    /** A registry or catalog cannot be reached, or answers what it should not. */
    REGISTRY_FAILED(502, 125),
    /** Data is damaged, stored or fetched. */
    DATA_CORRUPT(500, 125),
    /** A script of a project file failed in the guest. */
    SCRIPT_FAILED(422, 125),
    /** The operation was cancelled. */
    CANCELLED(499, 130),
    /** The guest has no such program. */
    COMMAND_NOT_FOUND(422, 127),
    /** The guest's program cannot be executed. */
    COMMAND_NOT_EXECUTABLE(422, 126),
    /** A defect in banger. */
    INTERNAL(500, 125);

    private final int httpStatus;
    private final int exitCode;

    ErrorCode(int httpStatus, int exitCode) {
        this.httpStatus = httpStatus;
        this.exitCode = exitCode;
    }

    public int httpStatus() {
        return httpStatus;
    }

    public int exitCode() {
        return exitCode;
    }
}
