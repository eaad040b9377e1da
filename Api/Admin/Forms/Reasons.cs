namespace Api.Admin.Forms;

/// <summary>Why something is done: goes into the audit log.</summary>
internal static class Reasons
{
    private const int Longest = 500;

    /// <returns>What is wrong with the reason in a form, or <see langword="null"/>.</returns>
    public static string? Mistake(FormInput input) => input.Value("reason").Length > Longest ? $"A reason has at most {Longest} characters." : null;
}
