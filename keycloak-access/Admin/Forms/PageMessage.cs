namespace KeycloakAccess.Admin.Forms;

/// <summary>What an action did, for the page after it. Green is for what is done as a whole, and for nothing else.</summary>
public sealed record PageMessage
{
    private PageMessage(string text, string kind) => (Text, Kind) = (text, kind);

    public string Text { get; }

    /// <summary>As a banner has it: <c>good</c>, <c>warn</c>, <c>bad</c>, or empty where nothing had to be done.</summary>
    public string Kind { get; }

    public string Role => Kind is "warn" or "bad" ? "alert" : "status";

    public static PageMessage Done(string text) => new(text, "good");

    /// <summary>It was so already, or is gone already.</summary>
    public static PageMessage Unchanged(string text) => new(text, "");

    /// <summary>A part of it was not done: the text says which, and why.</summary>
    public static PageMessage Partly(string text) => new(text, "warn");

    public static PageMessage Failed(string text) => new(text, "bad");

    /// <summary>By how many it was done with, and with how many it was not.</summary>
    public static PageMessage Of(long done, long failed, string text) => (done, failed) switch
    {
        ( > 0, 0) => Done(text),
        (_, 0) => Unchanged(text),
        (0, _) => Failed(text),
        _ => Partly(text),
    };

    internal static PageMessage Read(string kind, string text) => new(text, kind is "good" or "warn" or "bad" ? kind : "");
}
