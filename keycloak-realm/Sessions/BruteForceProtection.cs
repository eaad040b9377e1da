using KeycloakRealm.Model;

namespace KeycloakRealm.Sessions;

/// <summary>
/// Locks accounts out that somebody fails to sign in to, for a while or for good. What is locked reads as a wrong password.
/// </summary>
internal sealed class BruteForceProtection(BruteForceSettings settings, TimeProvider clock)
{
    /// <summary>The attribute that says why an account is disabled.</summary>
    public const string Reason = "disabledReason";

    private readonly Lock _lock = new();
    private readonly Dictionary<User, Record> _records = [];

    public bool IsLocked(User user)
    {
        lock (_lock)
        {
            return settings.IsOn
                && _records.TryGetValue(user, out var record)
                && ((record.IsPermanent && !user.Enabled)
                    || (settings.IsPermanent && record.Lockouts > settings.MaxTemporaryLockouts)
                    || clock.GetUtcNow().ToUnixTimeSeconds() < record.NotBefore);
        }
    }

    // credential: the kind that was wrong, where it is known.
    public void Fail(User user, string? credential)
    {
        if (!settings.IsOn)
        {
            return;
        }

        lock (_lock)
        {
            if (!_records.TryGetValue(user, out var record))
            {
                record = new Record();
                _records[user] = record;
            }

            Count(user, record, credential is "otp");
        }
    }

    public void Succeed(User user, IEnumerable<string> credentials)
    {
        lock (_lock)
        {
            if (_records.TryGetValue(user, out var record))
            {
                record.Clear();
                record.OtpFailures = credentials.Contains("otp", StringComparer.Ordinal) ? 0 : record.OtpFailures;
            }
        }
    }

    /// <summary>After an administrator has enabled an account that was locked out for good.</summary>
    public void Release(User user)
    {
        lock (_lock)
        {
            if (user.Enabled && _records.TryGetValue(user, out var record) && record.IsPermanent)
            {
                _records.Remove(user);
                user.SetAttribute(Reason);
            }
        }
    }

    private void Count(User user, Record record, bool isOtp)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var last = record.Last;
        var delta = last > 0 ? now - last : 0;
        var forGood = settings is { IsPermanent: true, MaxTemporaryLockouts: 0 };
        if (!forGood && delta > settings.MaxDelta * 1000L)
        {
            record.Clear();
        }

        record.Last = now;
        record.Failures++;
        var wait = forGood ? 0
            : settings.IsLinear ? settings.WaitIncrement * (1L + record.Failures - settings.FailureFactor)
            : settings.WaitIncrement * (record.Failures / Math.Max(1L, settings.FailureFactor));
        var isQuick = wait <= 0 && last > 0 && delta < settings.QuickLoginMilliseconds;
        Lock(record, isQuick ? settings.MinimumQuickLoginWait : wait, isQuick, now);
        if (isOtp)
        {
            record.OtpFailures++;
        }

        if ((isOtp && settings.MaxOtpFailures > 0 && record.OtpFailures > settings.MaxOtpFailures)
            || (forGood && record.Failures >= settings.FailureFactor)
            || (settings.IsPermanent && record.Lockouts > settings.MaxTemporaryLockouts))
        {
            record.IsPermanent = true;
            user.Enabled = false;
            user.SetAttribute(Reason, ["permanentLockout"]);
        }
    }

    private void Lock(Record record, long wait, bool isQuick, long now)
    {
        if (wait <= 0)
        {
            return;
        }

        if (!settings.IsPermanent || settings.MaxTemporaryLockouts > 0)
        {
            wait = Math.Min(settings.MaxWait, wait);
        }

        record.Lockouts += isQuick ? 0 : 1;
        if (isQuick || !settings.IsPermanent || record.Lockouts <= settings.MaxTemporaryLockouts)
        {
            record.NotBefore = (now / 1000) + wait;
        }
    }

    /// <summary>Of one account. <c>Last</c> is in Unix milliseconds, <c>NotBefore</c> in seconds.</summary>
    private sealed class Record
    {
        public int Failures { get; set; }

        public int OtpFailures { get; set; }

        public int Lockouts { get; set; }

        public long Last { get; set; }

        public long NotBefore { get; set; }

        public bool IsPermanent { get; set; }

        public void Clear() => (Failures, Lockouts, Last, NotBefore) = (0, 0, 0, 0);
    }
}
