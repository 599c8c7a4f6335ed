/**
 * Events of other parts of the kernel, which people record beside those of a GPU driver: they ask nothing of a GPU driver
 * and tell nothing of its memory. Taken from `include/trace/events` of Linux 7.3 and from what Android's systrace has.
 */

const NAMES: ReadonlySet<string> = new Set([
  ...["print", "bprint", "bputs", "tracing_mark_write", "sys_enter", "sys_exit", "page_fault_user"],
  ...["page_fault_kernel", "function", "funcgraph_entry", "funcgraph_exit", "context_switch", "user_stack"],
  ...["kernel_stack", "gpu_frequency", "gpu_power_status", "gpu_job_irq", "workqueue_queue_work"],
  ...["drm_vblank_event", "drm_vblank_event_queued", "drm_vblank_event_delivered", "signal_generate"],
  ...["signal_deliver", "task_newtask", "task_rename", "suspend_resume", "clock_set_rate", "clock_enable"],
  ...["clock_disable", "wakeup", "wakeup_new", "oom_score_adj_update", "module_load", "module_free"],
]);

const GROUPS: readonly string[] = [
  ...["sched_", "irq_", "softirq_", "tasklet_", "timer_", "hrtimer_", "itimer_", "tick_", "cpu_", "cpuhp_"],
  ...["ipi_", "workqueue_", "sys_enter_", "sys_exit_", "syscall_", "rcu_", "kmalloc", "kfree", "kmem_cache_"],
  ...["mm_", "block_", "ext4_", "f2fs_", "writeback_", "net_", "netif_", "tcp_", "udp_", "power_", "rpm_"],
  ...["regulator_", "thermal_", "i2c_", "spi_", "usb_", "binder_", "cgroup_", "lock_", "contention_"],
  ...[
    "dma_map_",
    "dma_unmap_",
    "dma_alloc",
    "dma_free",
    "dma_sync_",
    "local_timer_",
    "vector_",
    "wakeup_source_",
  ],
  ...["msm_atomic_", "msm_gpu_", "msm_gmu_", "dpu_", "vblank_", "intel_", "g4x_", "vlv_", "dc_", "dcn_"],
  ...["android_fs_", "devfreq_", "mmc_", "ufshcd_", "vmscan_", "compaction_", "ion_", "nvme_"],
  ...["perf_trace_", "x86_fpu_", "exceptions_", "nmi_", "call_function_", "reschedule_", "error_report_"],
];

/** Whether an event, by its name without the system, is known to be of no matter here. */
export function isHarmlessEvent(name: string): boolean {
  return NAMES.has(name) || GROUPS.some((group) => name.startsWith(group));
}
