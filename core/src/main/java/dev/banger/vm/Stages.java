package dev.banger.vm;

import dev.banger.api.StageTiming;
import dev.banger.operation.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Progress that also measures each stage. Used by one thread. */
final class Stages implements Progress {
    private final Progress target;
    private final List<StageTiming> done = new ArrayList<>();
    private String stage = "";
    private long begun;

    Stages(Progress target) {
        this.target = target;
    }

    @Override
    public void stage(String name) {
        end();
        stage = name;
        begun = System.nanoTime();
        target.stage(name);
    }

    @Override
    public void update(long finished, long total) {
        target.update(finished, total);
    }

    @Override
    public void warn(String message) {
        target.warn(message);
    }

    /** The stages so far, the current one ended. */
    List<StageTiming> timings() {
        end();
        return List.copyOf(done);
    }

    private void end() {
        if (!stage.isEmpty()) {
            done.add(new StageTiming(stage, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)));
            stage = "";
        }
    }
}
