import re,subprocess
files=subprocess.run("grep -rlE 'holdfast\\.(jobs|job_)' --include=*.ts packages examples bench checks/consumer | grep -v node_modules | grep -E 'test|fixture|crash-tests|bench/|checks/consumer'",shell=True,capture_output=True,text=True).stdout.split()
for p in files:
    s=open(p).read(); o=s
    # reads
    s=re.sub(r"(from|join) holdfast\.jobs\b(?! for update)(?![^`'\"]*for update)", r"\1 holdfast.all_jobs", s) if 'fences' not in p else s
    s=s.replace("delete from holdfast.all_jobs","delete from holdfast.jobs")
    s=s.replace("from holdfast.all_jobs left join effects on effects.job = jobs.id group by jobs.id","from holdfast.all_jobs as jobs left join effects on effects.job = jobs.id group by jobs.id")
    s=s.replace("from holdfast.all_jobs left join prepared on prepared.job = jobs.id","from holdfast.all_jobs as jobs left join prepared on prepared.job = jobs.id")
    s=s.replace("holdfast.all_jobs left join effects on effects.name like jobs.id","holdfast.all_jobs as jobs left join effects on effects.name like jobs.id")
    s=s.replace("join holdfast.all_jobs on jobs.name","join holdfast.all_jobs as jobs on jobs.name")
    if s!=o: open(p,'w').write(s); print(p)
