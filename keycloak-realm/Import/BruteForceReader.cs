using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal static class BruteForceReader
{
    public static BruteForceSettings Read(JsonPlace file)
    {
        var usual = new BruteForceSettings();
        if (file.Member("bruteForceStrategy") is { } strategy && strategy.Text() is not ("LINEAR" or "MULTIPLE"))
        {
            throw strategy.Refuse($"No enum constant BruteForceStrategy.{strategy.Text()}");
        }

        return new BruteForceSettings
        {
            IsOn = file.Flag("bruteForceProtected", absent: false),
            IsPermanent = file.Flag("permanentLockout", absent: false),
            IsLinear = file.Text("bruteForceStrategy") is "LINEAR",
            MaxTemporaryLockouts = file.Number("maxTemporaryLockouts", usual.MaxTemporaryLockouts),
            FailureFactor = file.Number("failureFactor", usual.FailureFactor),
            WaitIncrement = file.Number("waitIncrementSeconds", usual.WaitIncrement),
            MaxWait = file.Number("maxFailureWaitSeconds", usual.MaxWait),
            MaxDelta = file.Number("maxDeltaTimeSeconds", usual.MaxDelta),
            QuickLoginMilliseconds = file.Number("quickLoginCheckMilliSeconds", (int)usual.QuickLoginMilliseconds),
            MinimumQuickLoginWait = file.Number("minimumQuickLoginWaitSeconds", usual.MinimumQuickLoginWait),
            MaxOtpFailures = file.Number("maxSecondaryAuthFailures", usual.MaxOtpFailures),
        };
    }
}
