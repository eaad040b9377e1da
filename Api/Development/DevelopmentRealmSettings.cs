namespace Api.Development;

/// <summary>Section <c>EmbeddedRealm</c>.</summary>
internal sealed class DevelopmentRealmSettings
{
    /// <summary>Where the embedded realm listens.</summary>
    public string Url { get; set; } = "http://localhost:8080";

    /// <summary>Another realm file than the one that comes with it.</summary>
    public string RealmFile { get; set; } = "";
}
